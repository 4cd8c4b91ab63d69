import KerasModel
import Tensors

/// The right side of a product in the kernels' panels: packed once if it is constant, else at each run, by a step of its own.
struct PackedMatrix<T: ComputeScalar>: Sendable {
    let form: PackedForm
    private let packed: Location

    static func make(_ value: Draft.ValueID, _ form: PackedForm, _ plan: inout PlanBuilder<T>) throws -> PackedMatrix {
        if let constant = plan.constant(value) {
            return PackedMatrix(form: form, packed: plan.place(try plan.store.packed(constant, .panels(form), plan.kernels)))
        }
        let packed = plan.temporary(form.packedSize(plan.kernels), of: T.self)
        plan.prepare(PackStep<T>(form, from: try plan.location(value), to: packed, plan.kernels), bytes: 2 * Double(form.k * form.n))
        return PackedMatrix(form: form, packed: packed)
    }

    /// The panels of every group, one after the other.
    func panels(_ frame: Frame<T>) -> UnsafePointer<T> { UnsafePointer(frame.reals(packed)) }
}

/// Lays a matrix that changes from run to run out in panels.
struct PackStep<T: ComputeScalar>: Step {
    private let form: PackedForm
    private let from: Location
    private let to: Location
    private let panel: Int
    private let panels: Int
    /// The panels of all groups.
    private let cut: Parts

    init(_ form: PackedForm, from: Location, to: Location, _ kernels: T.Kernels) {
        (self.form, self.from, self.to) = (form, from, to)
        panel = kernels.packedSize(1, 1)
        panels = (form.n + panel - 1) / panel
        cut = .elements(panels * form.groups, form.k * form.n * form.groups, of: T.self)
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        let (source, target) = (UnsafePointer(frame.reals(from)), frame.reals(to))
        var index = cut[part].lowerBound
        // The panels of one group that follow each other, together.
        while index < cut[part].upperBound {
            let (group, first) = (index / panels, index % panels)
            let end = min(panels, first + cut[part].upperBound - index)
            frame.kernels.pack(
                form.k, min(end * panel, form.n) - first * panel, source + group * form.groupStride + first * panel * form.columnStride,
                rowStride: form.rowStride, columnStride: form.columnStride, target + (group * panels + first) * panel * form.k)
            index += end - first
        }
    }
}

/// The row pointers of one kernel call.
struct RowTable<T: ComputeScalar>: Sendable {
    /// So many rows go into one call: few enough that the pointers and what they point to stay in the cache.
    static var limit: Int { 480 }

    private let pointers: Location

    init(_ plan: inout PlanBuilder<T>, rows: Int) {
        pointers = plan.scratch(max(min(rows, RowTable.limit), 1), of: UnsafePointer<T>.self)
    }

    /// The windows `first ..< first + count` of units that begin at `bases`, `perUnit` in each, at `windows` from the beginning.
    func fill(
        _ frame: Frame<T>, _ bases: UnsafePointer<UnsafePointer<T>>, _ windows: UnsafePointer<Int>, _ perUnit: Int, _ first: Int,
        _ count: Int
    ) -> UnsafePointer<UnsafePointer<T>> {
        let table = frame.at(pointers, as: UnsafePointer<T>.self)
        var (unit, window, filled) = (first / perUnit, first % perUnit, 0)
        while filled < count {
            let run = min(perUnit - window, count - filled)
            let base = bases[unit]
            for index in 0..<run { table[filled + index] = base + windows[window + index] }
            (unit, window, filled) = (unit + 1, 0, filled + run)
        }
        return UnsafePointer(table)
    }

    /// Calls `body` for some of the rows of `length` numbers that follow each other from `base` on, or are `stride` apart, so many at a
    /// time: with the rows, their number and the first.
    func forEachRun(
        _ frame: Frame<T>, _ base: UnsafePointer<T>, length: Int, stride: Int? = nil, _ rows: Range<Int>,
        _ body: (WindowRows<T>, _ count: Int, _ first: Int) -> Void
    ) {
        let table = frame.at(pointers, as: UnsafePointer<T>.self)
        withUnsafePointer(to: 0) { tap in
            for first in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: RowTable.limit) {
                let run = min(RowTable.limit, rows.upperBound - first)
                for index in 0..<run { table[index] = base + (first + index) * (stride ?? length) }
                body(WindowRows(rows: UnsafePointer(table), taps: 1, tapOffsets: tap, tapLength: length), run, first)
            }
        }
    }
}

/// What is done to each tile of a product's result while it is still in the cache.
struct TileEpilogue<T: ComputeScalar>: Sendable {
    private let low: T
    private let high: T
    let functions: [UnaryKernel]

    init(_ epilogue: Epilogue) {
        (low, high) = (T(epilogue.low), T(epilogue.high))
        functions = epilogue.functions.map(\.kernel)
    }

    var clamp: Clamp<T> { Clamp(low: low, high: high) }

    func finish(_ out: UnsafeMutablePointer<T>, _ count: Int, _ kernels: T.Kernels) {
        for function in functions { kernels.unary(function, out, out, count) }
    }

    /// The same for rows of `length` results `stride` apart.
    func finish(_ out: UnsafeMutablePointer<T>, rows: Int, _ length: Int, stride: Int, _ kernels: T.Kernels) {
        if functions.isEmpty { return }
        if length == stride { return finish(out, rows * length, kernels) }
        for row in 0..<rows { finish(out + row * stride, length, kernels) }
    }
}
