import Tensors

/// Copies the cells of a box from one layout to another: what every primitive that only moves numbers comes to.
struct StridedCopy: Sendable {
    /// Lengths and strides of the axes that are left after those of length 1 are dropped and neighbours that run on are joined.
    private(set) var dims: [Int] = []
    private(set) var fromStrides: [Int] = []
    private(set) var toStrides: [Int] = []
    var fromOffset = 0
    var toOffset = 0

    init(_ lengths: [Int], from: [Int], to: [Int], fromOffset: Int = 0, toOffset: Int = 0) {
        (self.fromOffset, self.toOffset) = (fromOffset, toOffset)
        for axis in lengths.indices where lengths[axis] != 1 {
            if let last = dims.indices.last, fromStrides[last] == from[axis] * lengths[axis], toStrides[last] == to[axis] * lengths[axis] {
                dims[last] *= lengths[axis]
                (fromStrides[last], toStrides[last]) = (from[axis], to[axis])
            } else {
                dims.append(lengths[axis])
                fromStrides.append(from[axis])
                toStrides.append(to[axis])
            }
        }
        if dims.isEmpty { (dims, fromStrides, toStrides) = ([1], [1], [1]) }
    }

    /// A plain copy of everything.
    init(_ shape: Shape) { self.init([shape.count], from: [1], to: [1]) }

    func run<E: BitwiseCopyable>(_ from: UnsafePointer<E>, _ to: UnsafeMutablePointer<E>) {
        copy(axis: 0, dims[0], from + fromOffset, to + toOffset)
    }

    /// One of `parts` runs of the outermost axis.
    func run<E: BitwiseCopyable>(_ from: UnsafePointer<E>, _ to: UnsafeMutablePointer<E>, part: Int, of parts: Int) {
        let (first, end) = (part * dims[0] / parts, (part + 1) * dims[0] / parts)
        copy(axis: 0, end - first, from + fromOffset + first * fromStrides[0], to + toOffset + first * toStrides[0])
    }

    private func copy<E: BitwiseCopyable>(axis: Int, _ count: Int, _ from: UnsafePointer<E>, _ to: UnsafeMutablePointer<E>) {
        let (fromStride, toStride) = (fromStrides[axis], toStrides[axis])
        if axis == dims.count - 1 {
            if fromStride == 1 && toStride == 1 {
                to.update(from: from, count: count)
            } else {
                for index in 0..<count { to[index * toStride] = from[index * fromStride] }
            }
        } else if axis == dims.count - 2, fromStride == 1 {
            copyBlocked(axis: axis, count, from, to)
        } else {
            for index in 0..<count { copy(axis: axis + 1, dims[axis + 1], from + index * fromStride, to + index * toStride) }
        }
    }

    /// The last two axes where the source runs along the outer of them: in blocks, so that both sides stay in the cache.
    private func copyBlocked<E: BitwiseCopyable>(axis: Int, _ rows: Int, _ from: UnsafePointer<E>, _ to: UnsafeMutablePointer<E>) {
        let columns = dims[axis + 1]
        let (toRow, toColumn, fromColumn) = (toStrides[axis], toStrides[axis + 1], fromStrides[axis + 1])
        for row in stride(from: 0, to: rows, by: 16) {
            for column in stride(from: 0, to: columns, by: 16) {
                for i in row..<min(row + 16, rows) {
                    for j in column..<min(column + 16, columns) { to[i * toRow + j * toColumn] = from[i + j * fromColumn] }
                }
            }
        }
    }
}

/// Moves numbers of either type; where `fill` is set the target is filled with it first.
struct MoveStep<T: ComputeScalar>: Step {
    private let copies: [(from: Location, copy: StridedCopy)]
    private let to: Location
    private let isInteger: Bool
    private let fill: (value: Double, count: Int)?
    let parts: Int

    init(_ copy: StridedCopy, from: Location, to: Location, isInteger: Bool, fill: (value: Double, count: Int)?) {
        self.init([(from, copy)], to: to, isInteger: isInteger, fill: fill)
    }

    init(_ copies: [(from: Location, copy: StridedCopy)], to: Location, isInteger: Bool, fill: (value: Double, count: Int)?) {
        (self.copies, self.to, self.isInteger, self.fill) = (copies, to, isInteger, fill)
        // What is filled is filled before any copy.
        let bytes = copies.reduce(0) { $0 + $1.copy.dims.reduce(2 * MemoryLayout<T>.stride, *) }
        parts = fill == nil ? Parts(copies.map { $0.copy.dims[0] }.max() ?? 0, flops: 0, bytes: Double(bytes)).count : 1
    }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        if isInteger { move(frame, part, as: Int32.self) } else { move(frame, part, as: T.self) }
    }

    private func move<E: TensorScalar>(_ frame: Frame<T>, _ part: Int, as type: E.Type) {
        let target = frame.at(to, as: E.self)
        if let fill { target.update(repeating: E(double: fill.value), count: fill.count) }
        for copy in copies { copy.copy.run(UnsafePointer(frame.at(copy.from, as: E.self)), target, part: part, of: parts) }
    }
}

extension PlanBuilder {
    /// A step that moves the node's first operand into its output.
    mutating func moveStep(_ node: Draft.Node, _ copy: StridedCopy, fill: (value: Double, count: Int)? = nil) throws -> any Step<T> {
        MoveStep<T>(copy, from: try location(node.inputs[0]), to: try location(node.output), isInteger: isInteger(node.output), fill: fill)
    }
}
