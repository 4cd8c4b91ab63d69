import KerasModel

struct UnaryStep<T: ComputeScalar>: Step {
    let kernel: UnaryKernel
    let from: Location
    let to: Location
    let count: Int

    static func make(_ unary: Unary, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> UnaryStep {
        UnaryStep(
            kernel: unary.kernel, from: try plan.location(node.inputs[0]), to: try plan.location(node.output),
            count: plan.shape(node.output).count)
    }

    func run(_ frame: Frame<T>, part: Int) throws { frame.kernels.unary(kernel, frame.reals(from), frame.reals(to), count) }
}
