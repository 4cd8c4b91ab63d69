import KerasModel
import Tensors

/// A reduction as rows or columns of contiguous numbers; axes that lie otherwise are brought together first.
struct ReduceStep<T: ComputeScalar>: Step {
    private enum Form {
        /// Kept axes, then reduced ones.
        case rows(length: Int)
        /// `count` times: reduced axes, then kept ones.
        case columns(rows: Int, length: Int)
    }

    private let kind: Reduction
    private let from: Location
    private let to: Location
    private let form: Form
    /// The transposition that puts the reduced axes last, and memory for its result.
    private let detour: (copy: StridedCopy, scratch: Location)?
    /// Rows, or blocks of columns.
    private let cut: Parts

    static func make(_ kind: Reduction, axes: [Int], _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> ReduceStep {
        let x = plan.shape(node.inputs[0])
        let (from, to) = (try plan.location(node.inputs[0]), try plan.location(node.output))
        let reduced = x.dims.indices.filter { axes.contains($0) && x[$0] != 1 }
        let kept = x.dims.indices.filter { !axes.contains($0) }
        let length = axes.reduce(1) { $0 * x[$1] }
        // Axes of length 1 stand in nobody's way.
        let inner = reduced.last.map { last in kept.filter { $0 > last }.reduce(1) { $0 * x[$1] } } ?? 1
        let between = reduced.first.map { first in kept.contains { $0 > first && $0 < reduced.last! && x[$0] != 1 } } ?? false
        if between {
            let order = kept + reduced
            let target = Shape(order.map { x[$0] })
            let copy = StridedCopy(target.dims, from: order.map { x.strides[$0] }, to: target.strides)
            let rows = kept.reduce(1) { $0 * x[$1] }
            return ReduceStep(
                kind: kind, from: from, to: to, form: .rows(length: length), detour: (copy, plan.scratch(x.count, of: T.self)),
                cut: Parts(undivided: rows))
        }
        let outer = kept.reduce(1) { $0 * x[$1] } / max(inner, 1)
        let form: Form = inner == 1 ? .rows(length: length) : .columns(rows: length, length: inner)
        let cut = Parts(outer, flops: 0, bytes: Double((x.count + plan.shape(node.output).count) * MemoryLayout<T>.stride))
        return ReduceStep(kind: kind, from: from, to: to, form: form, detour: nil, cut: cut)
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        var source = UnsafePointer(frame.reals(from))
        if let detour {
            let scratch = frame.reals(detour.scratch)
            detour.copy.run(source, scratch)
            source = UnsafePointer(scratch)
        }
        let target = frame.reals(to)
        switch form {
        case .rows(let length):
            let mine = cut[part]
            frame.kernels.reduceRows(kind, source + mine.lowerBound * length, rows: mine.count, length, target + mine.lowerBound)
        case .columns(let rows, let length):
            for index in cut[part] {
                frame.kernels.reduceColumns(kind, source + index * rows * length, rows: rows, length, target + index * length)
            }
        }
    }
}

extension Reduction {
    /// What the operand gets.
    func gradient(_ call: Backward, _ axes: [Int]) throws -> Term {
        let x = call.x
        let kept = Shape(x.shape.dims.enumerated().map { axes.contains($0) ? 1 : $1 })
        let (y, dy) = (try call.y.reshaped(kept), try call.dy.reshaped(kept))
        switch self {
        case .sum: return try dy.broadcast(to: x.shape)
        case .mean:
            let count = axes.reduce(1) { $0 * x.shape[$1] }
            return try ((1 / Double(Swift.max(count, 1))) * dy).broadcast(to: x.shape)
        case .sumOfSquares: return try 2 * (x * dy)
        case .max, .min:
            // All that are the largest share it, as in TensorFlow.
            let share = try x.compared(.equal, y)
            return try share * (dy / share.sum(axes, keepDims: true))
        case .product:
            // The product of the others: with one 0 among them only that one gets anything, with two nobody.
            let isZero = try x.compared(.equal, 0)
            let zeros = try isZero.sum(axes, keepDims: true)
            let others = try (x + isZero).emit(.reduce(.product, axes: axes, keepDims: true)) / (x + isZero)
            return try dy * others * (isZero * zeros.compared(.equal, 1) + (1 - isZero) * zeros.compared(.equal, 0))
        }
    }
}
