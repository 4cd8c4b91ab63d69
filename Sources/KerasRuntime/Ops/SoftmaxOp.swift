import KerasModel
import Tensors

/// Softmax over the last axis; over another one, between two transpositions.
struct SoftmaxStep<T: ComputeScalar>: Step {
    let logarithm: Bool
    let from: Location
    let to: Location
    let length: Int
    let cut: Parts
    /// Where the axis is not the last: the transposition, and memory for its result.
    let detour: (swap: SwappedAxes, scratch: Location)?

    static func make(axis: Int, logarithm: Bool, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> SoftmaxStep {
        let shape = plan.shape(node.output)
        guard shape.dims.indices.contains(axis) else {
            throw KerasError(.mismatch, "softmax along an axis that is not there", found: "axis \(axis) of \(shape)")
        }
        let inner = shape.dims[(axis + 1)...].reduce(1, *)
        let outer = shape.dims[..<axis].reduce(1, *)
        let detour =
            inner == 1 ? nil : (SwappedAxes(count: outer, rows: shape[axis], columns: inner), plan.scratch(shape.count, of: T.self))
        return SoftmaxStep(
            logarithm: logarithm, from: try plan.location(node.inputs[0]), to: try plan.location(node.output), length: shape[axis],
            cut: detour == nil ? .elements(outer, shape.count, of: T.self) : Parts(undivided: outer * inner), detour: detour)
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        guard let detour else {
            let mine = cut[part]
            let first = mine.lowerBound * length
            return apply(frame.kernels, frame.reals(from) + first, frame.reals(to) + first, rows: mine.count)
        }
        let scratch = frame.reals(detour.scratch)
        detour.swap.run(UnsafePointer(frame.reals(from)), scratch, frame.kernels)
        apply(frame.kernels, scratch, scratch, rows: cut.units)
        let back = SwappedAxes(count: detour.swap.count, rows: detour.swap.columns, columns: detour.swap.rows)
        back.run(UnsafePointer(scratch), frame.reals(to), frame.kernels)
    }

    private func apply(_ kernels: T.Kernels, _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, rows: Int) {
        if logarithm { kernels.logSoftmax(x, y, rows: rows, length) } else { kernels.softmax(x, y, rows: rows, length) }
    }
}
