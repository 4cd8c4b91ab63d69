import KerasModel
import Tensors

/// The right side of a product in the kernels' panels: packed once if it is constant, else each time it is used.
struct PackedMatrix<T: ComputeScalar>: Sendable {
    let form: PackedForm
    private let packed: Location
    /// What is to be packed at each run; nil for a constant.
    private let source: Location?

    var isConstant: Bool { source == nil }

    static func make(_ value: Draft.ValueID, _ form: PackedForm, _ plan: inout PlanBuilder<T>) throws -> PackedMatrix {
        if let constant = plan.constant(value) {
            return PackedMatrix(form: form, packed: plan.place(try plan.store.packed(constant, .panels(form), plan.kernels)), source: nil)
        }
        let scratch = plan.scratch(form.packedSize(plan.kernels), of: T.self)
        return PackedMatrix(form: form, packed: scratch, source: try plan.location(value))
    }

    /// The panels of every group, one after the other.
    func panels(_ frame: Frame<T>) -> UnsafePointer<T> {
        let target = frame.reals(packed)
        if let source { form.pack(UnsafePointer(frame.reals(source)), target, frame.kernels) }
        return UnsafePointer(target)
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
