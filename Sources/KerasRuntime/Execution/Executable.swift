import KerasModel
import Tensors

/// A graph ready to run: one plan for one set of input shapes.
package final class Executable: Sendable {
    let plan: any RunnablePlan
    private let threads: Int

    /// - Throws: what `weights` throws, a `mismatch` problem if a weight has another shape than the graph expects, `unsupported` if
    ///   the options name an instruction set this processor lacks.
    package convenience init(graph: OpGraph, weights: (WeightID) throws -> Tensor, options: RuntimeOptions) throws {
        try self.init(graph: graph, store: ConstantStore(), options: options, weights: weights)
    }

    init(graph: OpGraph, store: ConstantStore, options: RuntimeOptions, weights: (WeightID) throws -> Tensor) throws {
        threads = options.threads
        let draft = try Draft(graph, store: store, weights: weights)
        plan =
            draft.needsDouble
            ? try Plan<Double>(draft, store: store, options: options) : try Plan<Float>(draft, store: store, options: options)
    }

    /// Runs once. Inputs have the graph's shapes and types; outputs stand in the graph's order.
    package func run(_ inputs: [Tensor]) throws -> [Tensor] {
        try check(inputs)
        return try plan.run(inputs, threads: threads)
    }

    /// Runs once and tells how long each step took.
    package func profile(_ inputs: [Tensor]) throws -> [(layer: String, op: String, seconds: Double, flops: Double, bytes: Double)] {
        try check(inputs)
        return try plan.profile(inputs)
    }

    private func check(_ inputs: [Tensor]) throws {
        guard inputs.map(\.shape) == plan.inputs.map(\.shape) else {
            throw KerasError(
                .mismatch, "inputs have other shapes than the plan", found: inputs.map { "\($0.shape)" }.joined(separator: ", "),
                expected: plan.inputs.map { "\($0.shape)" }.joined(separator: ", "))
        }
    }
}
