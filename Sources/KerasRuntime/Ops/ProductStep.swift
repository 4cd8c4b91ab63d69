import KerasModel
import Tensors

/// Where the results of a product go, and what happens to them on the way.
struct ProductResults<T: ComputeScalar>: Sendable {
    let out: Location
    let epilogue: TileEpilogue<T>
    /// Results that one of the output is made of: see ``ProductEpilogue/pool``.
    let pool: Int
    private let bias: Location?
    private let addend: Location?

    init(_ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        out = try plan.location(node.output)
        bias = try node.bias.map { try plan.location($0) }
        addend = try node.addend.map { try plan.location($0) }
        epilogue = TileEpilogue(node.epilogue)
        pool = node.epilogue.pools ? 4 : 1
    }

    /// For results that begin at `column` of the bias and at `place` of the output.
    func kernel(_ frame: Frame<T>, column: Int, place: Int) -> ProductEpilogue<T> {
        ProductEpilogue(
            bias: bias.map { UnsafePointer(frame.reals($0)) + column }, addend: addend.map { UnsafePointer(frame.reals($0)) + place },
            clamp: epilogue.clamp, pool: pool)
    }
}

/// What convolutions and matrix products share: packed weights, and what becomes of the results.
struct ProductStep<T: ComputeScalar>: Sendable {
    let weights: PackedMatrix<T>
    private let results: ProductResults<T>
    /// From one row of results to the next.
    private let stride: Int

    init(_ form: PackedForm, stride: Int, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        weights = try .make(node.inputs[1], form, &plan)
        results = try ProductResults(node, &plan)
        self.stride = stride
    }

    /// Multiplies `count` rows, of which `first` is the first among all rows, by `columns` of one packed matrix.
    ///
    /// - Parameter offset: where the matrix's first column goes.
    func run(
        _ frame: Frame<T>, _ rows: WindowRows<T>, _ count: Int, _ matrix: UnsafePointer<T>, columns: Range<Int>, offset: Int = 0,
        first: Int
    ) {
        compute(frame, count, matrix, columns: columns, offset: offset, first: first) { panels, epilogue, target in
            frame.kernels.gemm(count, columns.count, rows, panels, epilogue, target, outStride: stride)
        }
    }

    /// The same for rows that lie evenly.
    func run(_ frame: Frame<T>, _ line: WindowLine<T>, _ count: Int, _ matrix: UnsafePointer<T>, columns: Range<Int>, first: Int) {
        compute(frame, count, matrix, columns: columns, offset: 0, first: first) { panels, epilogue, target in
            frame.kernels.gemmLine(count, columns.count, line, panels, epilogue, target, outStride: stride)
        }
    }

    @inline(__always)
    private func compute(
        _ frame: Frame<T>, _ count: Int, _ matrix: UnsafePointer<T>, columns: Range<Int>, offset: Int, first: Int,
        _ product: (_ panels: UnsafePointer<T>, ProductEpilogue<T>, _ target: UnsafeMutablePointer<T>) -> Void
    ) {
        let column = offset + columns.lowerBound
        let place = first / results.pool * stride + column
        let target = frame.reals(results.out) + place
        // A panel's columns take `k` numbers each, so the panels before these take so many.
        product(matrix + weights.form.k * columns.lowerBound, results.kernel(frame, column: column, place: place), target)
        results.epilogue.finish(target, rows: count / results.pool, columns.count, stride: stride, frame.kernels)
    }
}

/// How a product is cut: by rows, or by columns where the weights are more than what they are applied to, so that each thread reads
/// its own part of them. Few panels that threads could not share evenly are each cut in two by rows.
struct ProductParts: Sendable {
    private let rows: Parts
    private let columns: Parts
    private let n: Int
    private let panel: Int

    /// - Parameters:
    ///   - units: what rows come in.
    ///   - rows: of the product, for each of `form`'s groups.
    ///   - copiesRows: every part brings its rows together first, so that parts of the same rows had better be few.
    init(units: Int, rows: Int, _ form: PackedForm, copiesRows: Bool = false, _ kernels: some KernelTable) {
        n = form.n
        panel = kernels.packedSize(1, 1)
        let flops = 2 * Double(rows) * Double(form.k) * Double(form.n * form.groups)
        let bytes = 4 * (Double(form.k) * Double(form.n * form.groups) + Double(rows) * Double(form.k + form.n))
        let panels = (n + panel - 1) / panel
        let byColumns = form.groups == 1 && n > (copiesRows ? 4 * rows : rows)
        guard byColumns else {
            self.rows = Parts(units, flops: flops, bytes: bytes)
            columns = Parts(undivided: panels)
            return
        }
        columns = Parts(copiesRows ? min(panels, 4) : panels, flops: flops, bytes: bytes)
        let isHalved =
            !copiesRows && units > 1 && rows >= ProductParts.fewestRows && columns.count > 1
            && Parts.span(2 * columns.units, 2 * columns.count) < 2 * Parts.span(columns.units, columns.count)
        self.rows = isHalved ? Parts(units, count: 2) : Parts(undivided: units)
    }

    /// Rows worth halving: the halves are still whole blocks of the kernels'.
    private static let fewestRows = 24

    var count: Int { rows.count * columns.count }

    subscript(part: Int) -> (units: Range<Int>, columns: Range<Int>) {
        // The halves of a panel follow each other.
        let (column, panels) = (part / rows.count, (n + panel - 1) / panel)
        let (first, end) = (column * panels / columns.count, (column + 1) * panels / columns.count)
        return (rows[part % rows.count], first * panel..<min(end * panel, n))
    }
}
