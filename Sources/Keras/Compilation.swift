import KerasModel
import KerasRuntime
import Tensors

/// What a model is trained with: said by `compile`, or by the file it came from.
struct Compilation: Sendable {
    var optimizer: Optimizer
    var spec: EvaluationSpec
    /// What the optimizer has kept since it began; nil if it has not.
    var state: OptimizerState?
}

extension Model {
    /// Says what the model is trained with. What an earlier optimizer kept is forgotten; the weights stay. Keras: `compile`.
    ///
    /// - Parameters:
    ///   - loss: for each output alike.
    ///   - metrics: for each output alike.
    ///   - weightedMetrics: those that heed the samples' weights.
    /// - Throws: a `mismatch` problem if the model's input shape is not known and so neither are its outputs.
    public func compile(
        optimizer: Optimizer = .rmsprop, loss: Loss, metrics: [Metric] = [], weightedMetrics: [Metric] = []
    ) throws {
        let count = state.withLock { $0.root.architecture.outputNames.count }
        try compile(
            optimizer: optimizer, losses: Array(repeating: loss, count: count), metrics: Array(repeating: metrics, count: count),
            weightedMetrics: Array(repeating: weightedMetrics, count: count))
    }

    /// The same for several outputs, in the model's order.
    ///
    /// - Parameters:
    ///   - losses: nil for an output that is not trained.
    ///   - lossWeights: what each counts for in the sum; 1 unless given.
    /// - Throws: a `mismatch` problem if a list has not one entry per output.
    public func compile(
        optimizer: Optimizer = .rmsprop, losses: [Loss?], lossWeights: [Double]? = nil, metrics: [[Metric]] = [],
        weightedMetrics: [[Metric]] = []
    ) throws {
        let names = state.withLock { $0.root.architecture.outputNames }
        let spec = try EvaluationSpec(
            outputNames: names, losses: losses, lossWeights: lossWeights, metrics: metrics, weightedMetrics: weightedMetrics)
        let configuration = try TrainingConfiguration(optimizer, spec)
        state.withLock {
            $0.compilation = Compilation(optimizer: optimizer, spec: spec)
            $0.training = configuration
            $0.trainer = nil
        }
    }

    /// The same by the outputs' names; outputs that are not named are not trained.
    ///
    /// - Throws: a `mismatch` problem for a name that no output has.
    public func compile(
        optimizer: Optimizer = .rmsprop, losses: [String: Loss], lossWeights: [String: Double] = [:], metrics: [String: [Metric]] = [:],
        weightedMetrics: [String: [Metric]] = [:]
    ) throws {
        let names = state.withLock { $0.root.architecture.outputNames }
        for name in Set(losses.keys).union(lossWeights.keys).union(metrics.keys).union(weightedMetrics.keys).sorted()
        where !names.contains(name) {
            throw KerasError(
                .mismatch, "the model has no such output", found: "'\(name)'", expected: names.map { "'\($0)'" }.joined(separator: ", "))
        }
        try compile(
            optimizer: optimizer, losses: names.map { losses[$0] }, lossWeights: names.map { lossWeights[$0] ?? 1 },
            metrics: names.map { metrics[$0] ?? [] }, weightedMetrics: names.map { weightedMetrics[$0] ?? [] })
    }

    /// What the model is trained with.
    ///
    /// - Throws: a `mismatch` problem if neither `compile` nor its file has said it, `unsupported` for what this version does not train with.
    func compilation() throws -> Compilation {
        if let known = state.withLock({ $0.compilation }) { return known }
        let built = try built()
        guard let training = state.withLock({ $0.training }) else {
            throw KerasError(.mismatch, "the model was not compiled", at: Place(layer: name), expected: "compile(optimizer:loss:metrics:)")
        }
        let names = built.architecture.outputNames
        let spec = try EvaluationSpec(training, origin: origin ?? Origin(dialect: training.dialect), outputNames: names)
        var optimizer = try training.optimizer(for: built)
        let kept = try training.state(of: optimizer, in: built)
        optimizer.learningRate = kept?.learningRate ?? optimizer.learningRate
        let made = Compilation(optimizer: optimizer, spec: spec, state: kept)
        state.withLock { $0.compilation = made }
        return made
    }
}

extension Model {
    /// Takes what is trained with from a file's words.
    package func adopt(_ training: TrainingConfiguration) throws {
        state.withLock {
            $0.training = training
            $0.compilation = nil
            $0.trainer = nil
        }
    }
}
