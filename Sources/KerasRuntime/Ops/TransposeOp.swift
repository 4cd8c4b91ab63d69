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

    func run<T: ComputeScalar>(_ from: UnsafePointer<T>, _ to: UnsafeMutablePointer<T>, _ kernels: T.Kernels) {
        for index in 0..<count { run(from, to, kernels, matrix: index, rows: 0..<rows) }
    }

    /// Some of one matrix's rows.
    func run<T: ComputeScalar>(
        _ from: UnsafePointer<T>, _ to: UnsafeMutablePointer<T>, _ kernels: T.Kernels, matrix: Int, rows some: Range<Int>
    ) {
        let start = matrix * rows * columns
        kernels.transpose(
            from + start + some.lowerBound * columns, rows: some.count, columns: columns, to + start + some.lowerBound, stride: rows)
    }
}

struct TransposeStep<T: ComputeScalar>: Step {
    let swap: SwappedAxes
    let from: Location
    let to: Location
    /// Blocks of rows of all matrices.
    private let cut: Parts

    /// A line of the cache on the other side.
    private static var block: Int { 16 }

    init(swap: SwappedAxes, from: Location, to: Location) {
        (self.swap, self.from, self.to) = (swap, from, to)
        cut = .elements(swap.count * TransposeStep.blocks(swap), swap.count * swap.rows * swap.columns, of: T.self)
    }

    private static func blocks(_ swap: SwappedAxes) -> Int { (swap.rows + block - 1) / block }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        let (source, target, blocks) = (UnsafePointer(frame.reals(from)), frame.reals(to), TransposeStep.blocks(swap))
        var index = cut[part].lowerBound
        while index < cut[part].upperBound {
            // The blocks of one matrix that follow each other, together.
            let (matrix, first) = (index / blocks, index % blocks)
            let end = min(blocks, first + cut[part].upperBound - index)
            let rows = first * TransposeStep.block..<min(end * TransposeStep.block, swap.rows)
            swap.run(source, target, frame.kernels, matrix: matrix, rows: rows)
            index += end - first
        }
    }
}
