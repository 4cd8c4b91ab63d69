import KerasModel
import Tensors

/// Runs a model on data whose answers are known, and sums up how far off it is. Keras: `Model.evaluate`.
package struct Evaluator: Sendable {
    private let model: BuiltModel
    private let weights: [WeightID: Tensor]
    private let spec: EvaluationSpec
    private let predictor: Predictor

    /// - Throws: an `unsupported` problem for a loss or a metric without arithmetic, a `mismatch` if `spec` is another model's.
    package init(_ model: BuiltModel, weights: [WeightID: Tensor], spec: EvaluationSpec, options: RuntimeOptions = RuntimeOptions()) throws
    {
        guard spec.outputs.count == model.outputShapes.count else {
            throw KerasError(
                .mismatch, "losses are told for another number of outputs than the model has", found: "\(spec.outputs.count)",
                expected: "\(model.outputShapes.count)")
        }
        self.model = model
        self.weights = weights
        self.spec = spec
        let wanted = try spec.outputs.map { try $0.logitSources() }
        predictor = Predictor(weights: weights, options: options) { shapes in
            var graph = try model.lowered(for: shapes, phase: .evaluate)
            let operands = graph.logits(wanted).compactMap { $0?.value }
            graph.outputs += operands
            return graph
        }
    }

    /// - Parameters:
    ///   - inputs: one tensor per input of the model, `(n, …)`.
    ///   - targets: one per output, `(n, …)`.
    ///   - sampleWeights: one number per sample (or per step of it), for every output.
    ///   - batchSize: Keras's default is 32. A batch's loss is a figure of its own; the last one's weighs as many samples as it has.
    ///   - progress: told how many of all samples are done.
    /// - Returns: `loss` first, then the outputs' own losses, then the metrics, each by the name that Keras shows.
    /// - Throws: a `mismatch` problem if inputs, targets or weights do not fit the model.
    package func evaluate(
        inputs: [Tensor], targets: [Tensor], sampleWeights: Tensor? = nil, batchSize: Int = 32,
        progress: ((_ done: Int, _ of: Int) -> Void)? = nil
    ) throws -> [(name: String, value: Double)] {
        let samples = try check(inputs: inputs, targets: targets, sampleWeights: sampleWeights, batchSize: batchSize)
        let penalty = try model.penalties(weights, includingFrozen: spec.penalizesFrozen)
        let sources = try logitSources(try model.fitted(inputs.map { $0[0..<min(batchSize, samples)] }))
        var figures = Figures(spec)
        var start = 0
        while start < samples {
            let rows = start..<min(start + batchSize, samples)
            let results = try predictor.predict(try model.fitted(inputs.map { $0[rows] }), batchSize: batchSize)
            var extra = results.dropFirst(spec.outputs.count)
            let batches = spec.outputs.indices.map { index in
                let logits = sources[index].flatMap { source in extra.popFirst().map { (source, $0) } }
                return OutputBatch(output: results[index], logits: logits, target: targets[index][rows])
            }
            try figures.add(batches, weights: sampleWeights.map { $0[rows] }, penalty: penalty)
            start = rows.upperBound
            progress?(start, samples)
        }
        return figures.results
    }

    // MARK: What is given

    private func check(inputs: [Tensor], targets: [Tensor], sampleWeights: Tensor?, batchSize: Int) throws -> Int {
        for (what, found, expected) in [
            ("inputs", inputs.count, model.inputShapes.count), ("targets", targets.count, model.outputShapes.count),
        ] where found != expected {
            throw KerasError(.mismatch, "the data has another number of \(what) than the model", found: "\(found)", expected: "\(expected)")
        }
        let all = inputs + targets + (sampleWeights.map { [$0] } ?? [])
        let counts = all.map { $0.shape.dims.first ?? 0 }
        guard batchSize > 0, let samples = counts.first, samples > 0, counts.allSatisfy({ $0 == samples }) else {
            throw KerasError(
                .mismatch, "inputs, targets and weights must have one entry per sample",
                found: all.map { "\($0.shape)" }.joined(separator: ", "),
                expected: "the same first length above 0, and batches of at least 1")
        }
        return samples
    }

    private func logitSources(_ inputs: [Tensor]) throws -> [LogitSource?] {
        let graph = try model.lowered(for: inputs.map(\.shape), phase: .evaluate)
        return graph.logits(try spec.outputs.map { try $0.logitSources() }).map { $0?.source }
    }
}

/// The means of an evaluation on their way.
private struct Figures {
    private let spec: EvaluationSpec
    private var total = RunningMean()
    private var losses: [RunningMean]
    private var metrics: [[RunningMean]]

    init(_ spec: EvaluationSpec) {
        self.spec = spec
        losses = spec.outputs.map { _ in RunningMean() }
        metrics = spec.outputs.map { $0.metrics.map { _ in RunningMean() } }
    }

    mutating func add(_ batches: [OutputBatch], weights: Tensor?, penalty: Double) throws {
        var sum = penalty
        var samples = 0.0
        for (index, (output, batch)) in zip(spec.outputs, batches).enumerated() {
            try KerasError.placing(Place(object: "output '\(output.name)'")) {
                samples = Double(batch.target.shape[0])
                if let loss = output.loss {
                    let value = try spec.batchLoss(loss, batch, weights: weights)
                    let weight = spec.outputLossesCountBatches ? 1 : samples
                    losses[index].add(value * weight, weight: weight)
                    sum += value * output.weight
                }
                for (position, metric) in output.metrics.enumerated() {
                    try spec.update(&metrics[index][position], metric, batch, loss: output.loss, weights: weights)
                }
            }
        }
        total.add(sum * samples, weight: samples)
    }

    var results: [(name: String, value: Double)] {
        var results = [("loss", total.value)]
        if spec.reportsOutputLosses {
            for (output, loss) in zip(spec.outputs, losses) where output.loss != nil { results.append((output.name + "_loss", loss.value)) }
        }
        for (output, means) in zip(spec.outputs, metrics) {
            for (metric, mean) in zip(output.metrics, means) { results.append((metric.name, mean.value)) }
        }
        return results
    }
}

extension EvaluationSpec.Output {
    /// The functions whose operands some loss or metric of this output would rather see.
    fileprivate func logitSources() throws -> Set<LogitSource> {
        var sources: Set<LogitSource> = []
        func add(_ loss: Loss) throws {
            let function = try loss.arithmetic()
            if loss.readsLogits, let source = function.logits { sources.insert(source) }
        }
        if let loss { try add(loss) }
        for metric in metrics {
            switch metric.metric.form {
            case .loss(let loss): try add(loss)
            case .function(let function): _ = try rowFunction(function)
            case .crossentropy: sources.formUnion([.softmax, .sigmoid])
            case .accuracy: break
            }
        }
        return sources
    }
}

extension OpGraph {
    /// For each output that comes straight from a function asked for, in float32: that function's operand.
    fileprivate func logits(_ wanted: [Set<LogitSource>]) -> [(source: LogitSource, value: ValueID)?] {
        zip(outputs, wanted).map { output, wanted in
            guard case .node(let position) = values[output].source, values[output].dtype == .float32 else { return nil }
            let node = nodes[position]
            switch node.op {
            case .softmax where wanted.contains(.softmax): return (.softmax, node.inputs[0])
            case .unary(.sigmoid) where wanted.contains(.sigmoid): return (.sigmoid, node.inputs[0])
            default: return nil
            }
        }
    }
}
