import KerasModel
import Tensors

/// What convolutions and matrix products share: packed weights, where the results go, and what happens to them on the way.
struct ProductStep<T: ComputeScalar>: Sendable {
    let weights: PackedMatrix<T>
    let out: Location
    /// From one row of results to the next.
    let stride: Int
    let epilogue: TileEpilogue<T>
    private let bias: Location?
    private let addend: Location?
    private let pool: Int

    init(_ form: PackedForm, stride: Int, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        weights = try .make(node.inputs[1], form, &plan)
        out = try plan.location(node.output)
        self.stride = stride
        bias = try node.bias.map { try plan.location($0) }
        addend = try node.addend.map { try plan.location($0) }
        epilogue = TileEpilogue(node.epilogue)
        pool = node.epilogue.pools ? 4 : 1
    }

    var isConstant: Bool { weights.isConstant }

    /// Multiplies `count` rows, of which `first` is the first among all rows, by `columns` of one packed matrix.
    ///
    /// - Parameter offset: where the matrix's first column goes.
    func run(
        _ frame: Frame<T>, _ rows: WindowRows<T>, _ count: Int, _ matrix: UnsafePointer<T>, columns: Range<Int>, offset: Int = 0,
        first: Int
    ) {
        let column = offset + columns.lowerBound
        let place = first / pool * stride + column
        let target = frame.reals(out) + place
        let product = ProductEpilogue<T>(
            bias: bias.map { UnsafePointer(frame.reals($0)) + column }, addend: addend.map { UnsafePointer(frame.reals($0)) + place },
            clamp: epilogue.clamp, pool: pool)
        // A panel's columns take `k` numbers each, so the panels before these take so many.
        let panels = matrix + weights.form.k * columns.lowerBound
        frame.kernels.gemm(count, columns.count, rows, panels, product, target, outStride: stride)
        epilogue.finish(target, rows: count / pool, columns.count, stride: stride, frame.kernels)
    }
}

/// How a product is cut: by rows, or by columns where the weights are more than what they are applied to, so that each thread reads
/// its own part of them.
struct ProductParts: Sendable {
    private let rows: Parts
    private let columns: Parts
    private let n: Int
    private let panel: Int

    /// - Parameters:
    ///   - units: what rows come in.
    ///   - rows: of the product, for each of `form`'s groups.
    ///   - copiesRows: every part brings its rows together first, so that parts of the same rows had better be few.
    init(units: Int, rows: Int, _ form: PackedForm, isConstant: Bool, copiesRows: Bool = false, _ kernels: some KernelTable) {
        n = form.n
        panel = kernels.packedSize(1, 1)
        let flops = 2 * Double(rows) * Double(form.k) * Double(form.n * form.groups)
        let bytes = 4 * (Double(form.k) * Double(form.n * form.groups) + Double(rows) * Double(form.k + form.n))
        let panels = (n + panel - 1) / panel
        let byColumns = form.groups == 1 && n > (copiesRows ? 4 * rows : rows)
        // What is packed at each run is packed by one thread.
        let work = isConstant ? (flops: flops, bytes: bytes) : (flops: 0, bytes: 0)
        self.rows = Parts(units, flops: byColumns ? 0 : work.flops, bytes: byColumns ? 0 : work.bytes)
        columns = Parts(copiesRows ? min(panels, 4) : panels, flops: byColumns ? work.flops : 0, bytes: byColumns ? work.bytes : 0)
    }

    var count: Int { rows.count * columns.count }

    subscript(part: Int) -> (units: Range<Int>, columns: Range<Int>) {
        let (column, panels) = (part % columns.count, (n + panel - 1) / panel)
        let (first, end) = (column * panels / columns.count, (column + 1) * panels / columns.count)
        return (rows[part / columns.count], first * panel..<min(end * panel, n))
    }
}
