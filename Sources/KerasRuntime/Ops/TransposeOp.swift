import KerasModel
import Tensors

extension PlanBuilder {
    mutating func makeTranspose(_ axes: [Int], _ node: Draft.Node) throws -> any Step<T> {
        let (x, y) = (shape(node.inputs[0]), shape(node.output))
        let swap = isInteger(node.output) ? nil : SwappedAxes(x, axes)
        if let swap { return TransposeStep<T>(swap: swap, from: try location(node.inputs[0]), to: try location(node.output)) }
        return try moveStep(node, StridedCopy(y.dims, from: axes.map { x.strides[$0] }, to: y.strides))
    }
}

/// `count` matrices, one after the other, each transposed.
struct SwappedAxes: Sendable {
    var count: Int
    var rows: Int
    var columns: Int

    /// Nil if the order is not that of leading axes kept and two groups of the others exchanged.
    init?(_ shape: Shape, _ axes: [Int]) {
        let leading = axes.indices.prefix { axes[$0] == $0 }.count
        let rest = axes[leading...]
        guard let first = rest.first else { return nil }
        let rotated = Array(first..<shape.rank) + Array(leading..<first)
        guard Array(rest) == rotated else { return nil }
        count = shape.dims[..<leading].reduce(1, *)
        rows = shape.dims[leading..<first].reduce(1, *)
        columns = shape.dims[first...].reduce(1, *)
    }

    init(count: Int, rows: Int, columns: Int) { (self.count, self.rows, self.columns) = (count, rows, columns) }

    func run<T: ComputeScalar>(_ from: UnsafePointer<T>, _ to: UnsafeMutablePointer<T>, _ kernels: T.Kernels, _ range: Range<Int>? = nil) {
        for index in range ?? 0..<count {
            kernels.transpose(from + index * rows * columns, rows: rows, columns: columns, to + index * rows * columns)
        }
    }
}

struct TransposeStep<T: ComputeScalar>: Step {
    let swap: SwappedAxes
    let from: Location
    let to: Location
    private let cut: Parts

    init(swap: SwappedAxes, from: Location, to: Location) {
        (self.swap, self.from, self.to) = (swap, from, to)
        cut = .elements(swap.count, swap.count * swap.rows * swap.columns, of: T.self)
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        swap.run(UnsafePointer(frame.reals(from)), frame.reals(to), frame.kernels, cut[part])
    }
}
