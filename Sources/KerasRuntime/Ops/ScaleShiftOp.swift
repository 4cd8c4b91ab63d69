import KerasModel
import Tensors

/// `x · scale + shift` by vectors along the last axis, then the epilogue's clamp and functions: what a product with an addend comes to.
struct ScaleShiftStep<T: ComputeScalar>: Step {
    private let from: Location
    private let to: Location
    private let scale: Location
    private let shift: Location
    /// Rows as long as the vectors.
    private let rows: Int
    private let length: Int
    private let epilogue: TileEpilogue<T>
    private let cut: Parts

    /// Short rows are joined until they have so many numbers.
    private static var enough: Int { 64 }
    /// So many numbers stay in the first-level cache until the functions have seen them.
    private static var tile: Int { 4096 }

    static func make(_ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> ScaleShiftStep {
        let shape = plan.shape(node.output)
        let channels = max(shape.dims.last ?? 1, 1)
        let vectors = shape.count / channels
        let joined = (1...max(enough / channels, 1)).last { vectors % $0 == 0 } ?? 1
        return ScaleShiftStep(
            from: try plan.location(node.inputs[0]), to: try plan.location(node.output),
            scale: try vector(node.inputs[1], channels, repeated: joined, &plan),
            shift: try vector(node.inputs[2], channels, repeated: joined, &plan), rows: vectors / joined, length: channels * joined,
            epilogue: TileEpilogue(node.epilogue),
            cut: Parts(
                vectors / joined, flops: 2 * Double(shape.count), bytes: 2 * Double(shape.count * MemoryLayout<T>.stride)))
    }

    var parts: Int { cut.count }

    /// A vector or a single number, as `repeated` vectors one after another.
    private static func vector(_ value: Draft.ValueID, _ channels: Int, repeated: Int, _ plan: inout PlanBuilder<T>) throws -> Location {
        guard let constant = plan.constant(value) else { throw KerasError(.mismatch, "a scale is no constant") }
        let (store, dtype, count) = (plan.store, plan.dtype(value), plan.shape(value).count)
        let row = store.intern(.reshape([1, count]), [constant], shape: [1, count], dtype: dtype)
        let shape: Shape = [repeated, channels]
        return plan.place(try store.tensor(store.intern(.broadcast(shape), [row], shape: shape, dtype: dtype), as: T.dtype))
    }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        let (x, y) = (UnsafePointer(frame.reals(from)), frame.reals(to))
        let (scale, shift) = (UnsafePointer(frame.reals(scale)), UnsafePointer(frame.reals(shift)))
        let mine = cut[part]
        let step = max(epilogue.functions.isEmpty ? mine.count : ScaleShiftStep.tile / length, 1)
        for first in stride(from: mine.lowerBound, to: mine.upperBound, by: step) {
            let (count, start) = (min(step, mine.upperBound - first), first * length)
            frame.kernels.scaleShift(x + start, rows: count, length, scale, shift, epilogue.clamp, y + start)
            epilogue.finish(y + start, count * length, frame.kernels)
        }
    }
}
