import JSON
import KerasModel
import Tensors

/// A constraint made ready for a weight: what each step of training ends with.
struct ConstraintRun: Sendable {
    private enum Rule: Sendable {
        case nonNegative
        /// The length of the vectors along some axes becomes `rate · clip(norm, low, high) + (1 − rate) · norm`.
        case norm(low: Float, high: Float, rate: Float)
        case unitNorm
        case radial
    }

    private let rule: Rule
    private let shape: Shape
    /// For each number the vector it is of.
    private let vectors: [Int]
    private let vectorCount: Int

    /// - Parameter shape: of the weight.
    /// - Throws: `unsupported` for a constraint this version does not know, `mismatch` for one that does not fit the weight.
    init(_ constraint: Constraint, shape: Shape) throws {
        self.shape = shape
        func number(_ key: String, _ absent: Double) -> Float { Float(constraint.config[key]?.number ?? absent) }
        switch constraint.className {
        case "NonNeg": rule = .nonNegative
        case "UnitNorm": rule = .unitNorm
        case "MaxNorm": rule = .norm(low: 0, high: number("max_value", 2), rate: 1)
        case "MinMaxNorm": rule = .norm(low: number("min_value", 0), high: number("max_value", 1), rate: number("rate", 1))
        case "RadialConstraint":
            guard shape.rank == 4, shape[0] == shape[1], shape[0] > 1 else {
                throw KerasError(
                    .mismatch, "the radial constraint takes the kernel of a convolution over squares", found: "\(shape)",
                    expected: "(size, size, channels, filters), size above 1")
            }
            rule = .radial
        default: throw KerasError(.unsupported, "this constraint is not known", found: constraint.className)
        }
        switch rule {
        case .norm, .unitNorm:
            let axes = try Axes(config: constraint.config["axis"] ?? .integer(0), in: DecodingContext(dialect: .keras3, registry: .keras))
                .values
                .map { $0 < 0 ? $0 + shape.rank : $0 }
            guard axes.allSatisfy(shape.dims.indices.contains) else {
                throw KerasError(.mismatch, "a constraint's axis is not there", at: Place(key: "axis"), found: "\(axes) of \(shape)")
            }
            (vectors, vectorCount) = ConstraintRun.vectors(of: shape, along: axes)
        case .nonNegative, .radial: (vectors, vectorCount) = ([], 0)
        }
    }

    private static func vectors(of shape: Shape, along axes: [Int]) -> ([Int], Int) {
        var strides = [Int](repeating: 0, count: shape.rank)
        var count = 1
        for axis in shape.dims.indices.reversed() where !axes.contains(axis) {
            strides[axis] = count
            count *= shape[axis]
        }
        var vectors = [0]
        for axis in shape.dims.indices { vectors = vectors.flatMap { start in (0..<shape[axis]).map { start + $0 * strides[axis] } } }
        return (vectors, count)
    }

    /// Brings a weight back to where it must be: as many numbers as its shape has.
    func apply(to numbers: UnsafeMutableBufferPointer<Float>) {
        switch rule {
        case .nonNegative: for index in numbers.indices { numbers[index] = max(numbers[index], 0) }
        case .radial: applyRadially(to: numbers)
        case .unitNorm:
            let norms = norms(numbers)
            for index in numbers.indices { numbers[index] /= Self.epsilon + norms[vectors[index]] }
        case .norm(let low, let high, let rate):
            let factors = norms(numbers).map { norm in
                (rate * norm.clipped(low, high) + (1 - rate) * norm) / (Self.epsilon + norm)
            }
            for index in numbers.indices { numbers[index] *= factors[vectors[index]] }
        }
    }

    func apply(to numbers: inout [Float]) { numbers.withUnsafeMutableBufferPointer { apply(to: $0) } }

    private static let epsilon: Float = 1e-7

    private func norms(_ numbers: UnsafeMutableBufferPointer<Float>) -> [Float] {
        var sums = [Float](repeating: 0, count: vectorCount)
        for index in numbers.indices { sums[vectors[index]] += numbers[index] * numbers[index] }
        return sums.map { $0.squareRoot() }
    }

    /// A kernel the same in all directions: rings round its middle, each of one number of the diagonal.
    ///
    /// As Keras counts, those are not quite the rings' own: the middle of 3 × 3 cells is the number at (0, 0), the ring the one at (1, 1).
    private func applyRadially(to numbers: UnsafeMutableBufferPointer<Float>) {
        let (size, channels) = (shape[0], shape[2] * shape[3])
        let start = size / 2
        for channel in 0..<channels {
            func diagonal(_ at: Int) -> Float { numbers[(at * size + at) * channels + channel] }
            // From the middle outwards.
            let rings = [diagonal(start - 1)] + (size % 2 == 1 ? 0..<start : 1..<start).map { diagonal(start + $0) }
            for row in 0..<size {
                for column in 0..<size {
                    let fromEdge = min(row, column, size - 1 - row, size - 1 - column)
                    numbers[(row * size + column) * channels + channel] = rings[rings.count - 1 - fromEdge]
                }
            }
        }
    }
}
