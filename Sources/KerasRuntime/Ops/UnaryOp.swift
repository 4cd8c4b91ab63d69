import KerasModel

struct UnaryStep<T: ComputeScalar>: Step {
    let kernel: UnaryKernel
    let from: Location
    let to: Location
    let cut: Parts

    static func make(_ unary: Unary, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> UnaryStep {
        UnaryStep(
            kernel: unary.kernel, from: try plan.location(node.inputs[0]), to: try plan.location(node.output),
            cut: .elements(plan.shape(node.output).count, of: T.self))
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        let mine = cut[part]
        frame.kernels.unary(kernel, frame.reals(from) + mine.lowerBound, frame.reals(to) + mine.lowerBound, mine.count)
    }
}
