import Tensors

/// Arithmetic on small constants while a model is lowered: operations that compute a shape (`shape(x)[0]`, `height * 2`) are known before any
/// number of the model is, and what is done with them depends on it.
enum Folding {
    /// Enough for any shape.
    static let largest = 4096

    /// - Returns: nil for what is left to the runtime.
    static func apply(_ op: Op, _ operands: [Tensor], shape: Shape, dtype: DType) throws -> Tensor? {
        guard shape.count <= largest, operands.allSatisfy({ $0.count <= largest }) else { return nil }
        let x = try operands.map { try $0.converted(to: .float64).scalars(as: Double.self) }
        guard let values = values(op, x, operands.map(\.shape), shape) else { return nil }
        return try Tensor(values, shape: shape).converted(to: dtype)
    }

    /// Which element each element of the result is, counted through all operands; nil for a primitive that does more than move them.
    static func places(_ op: Op, _ shapes: [Shape], _ shape: Shape) -> [Int]? {
        switch op {
        case .reshape, .cast, .slice, .transpose, .broadcast, .concatenate: break
        default: return nil
        }
        var first = 0
        let counted = shapes.map { shape in
            defer { first += shape.count }
            return (first..<first + shape.count).map(Double.init)
        }
        return values(op, counted, shapes, shape)?.map { Int($0) }
    }

    private static func values(_ op: Op, _ x: [[Double]], _ shapes: [Shape], _ shape: Shape) -> [Double]? {
        let places = { (place: Int) in coordinates(of: place, in: shape) }
        switch op {
        case .reshape, .cast: return x[0]
        case .slice(let starts, _):
            return (0..<shape.count).map { x[0][offset(zip(places($0), starts).map(+), in: shapes[0])] }
        case .transpose(let axes):
            return (0..<shape.count).map { place in
                var index = [Int](repeating: 0, count: axes.count)
                for (axis, coordinate) in zip(axes, places(place)) { index[axis] = coordinate }
                return x[0][offset(index, in: shapes[0])]
            }
        case .broadcast: return (0..<shape.count).map { x[0][broadcastOffset(places($0), in: shapes[0])] }
        case .concatenate(let axis):
            return (0..<shape.count).map { place in
                var index = places(place)
                var part = 0
                while index[axis] >= shapes[part][axis] {
                    index[axis] -= shapes[part][axis]
                    part += 1
                }
                return x[part][offset(index, in: shapes[part])]
            }
        case .unary(.negate): return x[0].map(-)
        case .unary(.floor): return x[0].map { $0.rounded(.down) }
        case .unary(.ceil): return x[0].map { $0.rounded(.up) }
        case .unary(.abs): return x[0].map(abs)
        case .unary(.square): return x[0].map { $0 * $0 }
        case .unary(.sqrt): return x[0].map { $0.squareRoot() }
        case .unary(.reciprocal): return x[0].map { 1 / $0 }
        case .unary(.affine(let scale, let offset)): return x[0].map { scale * $0 + offset }
        case .binary(let kind):
            guard let function = function(kind) else { return nil }
            return (0..<shape.count).map { place in
                let index = places(place)
                return function(x[0][broadcastOffset(index, in: shapes[0])], x[1][broadcastOffset(index, in: shapes[1])])
            }
        case .reduce(let kind, let axes, _) where axes.count == shapes[0].rank:
            switch kind {
            case .sum: return [x[0].reduce(0, +)]
            case .product: return [x[0].reduce(1, *)]
            case .max: return x[0].max().map { [$0] }
            case .min: return x[0].min().map { [$0] }
            default: return nil
            }
        default: return nil
        }
    }

    private static func function(_ kind: Binary) -> ((Double, Double) -> Double)? {
        switch kind {
        case .add: (+)
        case .subtract: (-)
        case .multiply: (*)
        case .divide: (/)
        case .maximum: { max($0, $1) }
        case .minimum: { min($0, $1) }
        case .equal: { $0 == $1 ? 1 : 0 }
        case .notEqual: { $0 != $1 ? 1 : 0 }
        case .less: { $0 < $1 ? 1 : 0 }
        case .lessOrEqual: { $0 <= $1 ? 1 : 0 }
        case .greater: { $0 > $1 ? 1 : 0 }
        case .greaterOrEqual: { $0 >= $1 ? 1 : 0 }
        case .gate: { $1 > 0 ? $0 : 0 }
        default: nil
        }
    }

    private static func coordinates(of place: Int, in shape: Shape) -> [Int] {
        var (rest, result) = (place, [Int](repeating: 0, count: shape.rank))
        for axis in shape.dims.indices.reversed() {
            result[axis] = rest % max(shape[axis], 1)
            rest /= max(shape[axis], 1)
        }
        return result
    }

    private static func offset(_ index: [Int], in shape: Shape) -> Int { zip(index, shape.strides).reduce(0) { $0 + $1.0 * $1.1 } }

    private static func broadcastOffset(_ index: [Int], in shape: Shape) -> Int {
        offset(zip(index.suffix(shape.rank), shape.dims).map { $1 == 1 ? 0 : $0 }, in: shape)
    }
}
