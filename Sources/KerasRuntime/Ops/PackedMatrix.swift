import KerasModel
import Tensors

/// The right side of a product in the kernels' panels: packed once if it is constant, else each time it is used.
struct PackedMatrix<T: ComputeScalar>: Sendable {
    let form: PackedForm
    private let packed: Location
    /// What is to be packed at each run; nil for a constant.
    private let source: Location?

    static func make(_ value: Draft.ValueID, _ form: PackedForm, _ plan: inout PlanBuilder<T>) throws -> PackedMatrix {
        if let constant = plan.constant(value) {
            return PackedMatrix(form: form, packed: plan.place(try plan.store.packed(constant, form, plan.kernels)), source: nil)
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

    /// Rows at `base + offsets[i]`.
    func fill(_ frame: Frame<T>, _ base: UnsafePointer<T>, _ offsets: UnsafePointer<Int>, _ count: Int) -> UnsafePointer<UnsafePointer<T>> {
        let table = frame.at(pointers, as: UnsafePointer<T>.self)
        for index in 0..<count { table[index] = base + offsets[index] }
        return UnsafePointer(table)
    }

    /// Calls `body` for `count` rows of `length` numbers that follow each other, so many at a time: with the rows, their number and
    /// the first.
    func forEachRun(
        _ frame: Frame<T>, _ base: UnsafePointer<T>, length: Int, count: Int, _ body: (WindowRows<T>, _ count: Int, _ first: Int) -> Void
    ) {
        let table = frame.at(pointers, as: UnsafePointer<T>.self)
        withUnsafePointer(to: 0) { tap in
            for first in stride(from: 0, to: count, by: RowTable.limit) {
                let run = min(RowTable.limit, count - first)
                for index in 0..<run { table[index] = base + (first + index) * length }
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
}
