import KerasModel
import KerasRuntime
import Tensors

/// What an evaluation came to: `scores.loss`, `scores["accuracy"]`.
public struct Scores: Sendable, CustomStringConvertible {
    /// In the order Keras prints them, `loss` first.
    public let values: [(name: String, value: Double)]

    public var loss: Double { values.first?.value ?? .nan }
    public subscript(name: String) -> Double? { values.first { $0.name == name }?.value }
    public var description: String { values.map { "\($0.name): \($0.value)" }.joined(separator: " - ") }
}

extension Model {
    /// How well the model does on `x (n, …)` with the answers `y (n, …)`. Keras: `evaluate`.
    ///
    /// - Parameters:
    ///   - sampleWeight: what each sample counts for, `(n)`.
    ///   - loss: in place of the loss the model's file says it was compiled with.
    ///   - metrics: in place of the file's.
    /// - Throws: a `mismatch` problem if the data does not fit, or neither the file nor the call says a loss.
    public func evaluate(
        _ x: Tensor, _ y: Tensor, sampleWeight: Tensor? = nil, batchSize: Int = 32, loss: Loss? = nil, metrics: [Metric]? = nil
    ) throws -> Scores {
        try evaluate([x], [y], sampleWeight: sampleWeight, batchSize: batchSize, losses: loss.map { [$0] }, metrics: metrics.map { [$0] })
    }

    /// On a batch of everything, as `fit` validates.
    func scores(_ data: Batch, batchSize: Int) throws -> [(name: String, value: Double)] {
        guard state.withLock({ $0.recurrent }) == nil else {
            throw KerasError(
                .unsupported, "a model with stateful layers is not validated while it is trained", at: Place(key: "validation_data"))
        }
        return try evaluator(losses: nil, metrics: nil).evaluate(
            inputs: data.inputs, targets: data.targets, sampleWeights: data.sampleWeights?.first ?? nil, batchSize: batchSize)
    }

    /// The same for several inputs and outputs, with a loss and a list of metrics for each output.
    public func evaluate(
        _ x: [Tensor], _ y: [Tensor], sampleWeight: Tensor? = nil, batchSize: Int = 32, losses: [Loss]? = nil, metrics: [[Metric]]? = nil
    ) throws -> Scores {
        try buildIfNeeded(for: x)
        let evaluator = try evaluator(losses: losses, metrics: metrics)
        return Scores(values: try evaluator.evaluate(inputs: x, targets: y, sampleWeights: sampleWeight, batchSize: batchSize))
    }

    /// - Throws: a `mismatch` problem if neither the file nor the caller says a loss.
    private func evaluator(losses: [Loss]?, metrics: [[Metric]]?) throws -> Evaluator {
        let built = try built()
        let (variables, runtime, states) = state.withLock { ($0.variables, $0.runtime, $0.recurrent) }
        let names = built.architecture.outputNames
        var spec: EvaluationSpec
        if let losses {
            spec = try EvaluationSpec(outputNames: names, losses: losses, metrics: metrics ?? [])
        } else {
            spec = try compilation().spec
            if let metrics {
                let given = try EvaluationSpec(outputNames: names, losses: spec.outputs.map(\.loss), metrics: metrics)
                for index in spec.outputs.indices { spec.outputs[index].metrics = given.outputs[index].metrics }
            }
        }
        return try Evaluator(built, weights: variables.mapValues(\.tensor), spec: spec, options: runtime, states: states)
    }
}
