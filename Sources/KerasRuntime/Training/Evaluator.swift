import KerasModel
import Tensors

/// Runs a model on data whose answers are known, and sums up how far off it is. Keras: `Model.evaluate`.
package struct Evaluator: Sendable {
    private let model: BuiltModel
    private let weights: [WeightID: Tensor]
    private let spec: EvaluationSpec
    private let predictor: Predictor
    private let options: RuntimeOptions
    /// Samples of a batch, if a model with stateful layers says so.
    private let batch: Int?

    /// - Parameter states: what stateful layers begin with, and leave.
    /// - Throws: an `unsupported` problem for a loss or a metric without arithmetic, a `mismatch` if `spec` is another model's.
    package init(
        _ model: BuiltModel, weights: [WeightID: Tensor], spec: EvaluationSpec, options: RuntimeOptions = RuntimeOptions(),
        states: RecurrentStates? = nil
    ) throws {
        guard spec.outputs.count == model.outputShapes.count else {
            throw KerasError(
                .mismatch, "losses are told for another number of outputs than the model has", found: "\(spec.outputs.count)",
                expected: "\(model.outputShapes.count)")
        }
        self.model = model
        self.weights = weights
        self.spec = spec
        self.options = options
        let wanted = try spec.outputs.map { try $0.usesLogits() }
        batch = states?.batch
        @Sendable func lower(_ shapes: [Shape]) throws -> LoweredModel {
            var lowered = try model.loweredModel(for: shapes, phase: .evaluate)
            let operands = lowered.graph.logits(wanted).compactMap { $0 }
            lowered.graph.outputs += operands + lowered.masks.compactMap { $0 }
            lowered.graph = try lowered.graph.addingPenalties(lowered.penalties)
            return lowered
        }
        predictor = Predictor(weights: weights, options: options, states: states, lowerStateful: lower) { try lower($0).graph }
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
        let batchSize = batch ?? batchSize
        let samples = try check(inputs: inputs, targets: targets, sampleWeights: sampleWeights, batchSize: batchSize)
        let penalty = try model.penalties(weights, includingFrozen: spec.penalizesFrozen)
        let (haveLogits, haveMasks, hasPenalty) = try extras(try model.fitted(inputs.map { $0[0..<min(batchSize, samples)] }))
        var figures = EvaluationFigures(spec, options)
        var start = 0
        while start < samples {
            let rows = start..<min(start + batchSize, samples)
            let results = try predictor.predict(try model.fitted(inputs.map { $0[rows] }), batchSize: rows.count)
            var extra = results.dropFirst(spec.outputs.count)
            let logits = haveLogits.map { $0 ? extra.popFirst() : nil }
            let batches = spec.outputs.indices.map { index in
                OutputBatch(
                    output: results[index], logits: logits[index], target: targets[index][rows], weights: sampleWeights.map { $0[rows] },
                    mask: haveMasks[index] ? extra.popFirst() : nil)
            }
            let own = hasPenalty ? try extra.popFirst()?.scalars(as: Double.self).first : nil
            try figures.add(batches, penalty: penalty + (own ?? 0))
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

    /// For which outputs there are logits and masks, and whether anything that a layer gives is penalized.
    private func extras(_ inputs: [Tensor]) throws -> (logits: [Bool], masks: [Bool], penalty: Bool) {
        let lowered = try model.loweredModel(for: inputs.map(\.shape), phase: .evaluate)
        let wanted = try spec.outputs.map { try $0.usesLogits() }
        return (lowered.graph.logits(wanted).map { $0 != nil }, lowered.masks.map { $0 != nil }, !lowered.penalties.isEmpty)
    }
}

/// The means of an evaluation on their way.
struct EvaluationFigures {
    private let spec: EvaluationSpec
    private let options: RuntimeOptions
    private var total = RunningMean()
    private var losses: [RunningMean]
    private var metrics: [[MetricState?]]
    /// Of each output, for the forms of batches that came.
    private var plans: [[FigurePlan.Form: FigurePlan]]

    init(_ spec: EvaluationSpec, _ options: RuntimeOptions) {
        (self.spec, self.options) = (spec, options)
        losses = spec.outputs.map { _ in RunningMean() }
        metrics = spec.outputs.map { $0.metrics.map { _ in nil } }
        plans = spec.outputs.map { _ in [:] }
    }

    /// - Parameter batches: of each output.
    /// - Throws: a `mismatch` problem if targets or weights do not fit.
    mutating func add(_ batches: [OutputBatch], penalty: Double) throws {
        let figures = try batches.enumerated().map { index, batch in
            try KerasError.placing(Place(object: "output '\(spec.outputs[index].name)'")) { try plan(index, batch.form).run(batch) }
        }
        try add(figures, of: batches, samples: batches.first?.target.shape[0] ?? 0, penalty: penalty)
    }

    /// What a batch came to, for each output.
    ///
    /// - Parameters:
    ///   - batches: for metrics that look at every number.
    ///   - penalty: what the total loss has beside the outputs' own.
    mutating func add(_ figures: [BatchFigures], of batches: [OutputBatch?], samples: Int, penalty: Double) throws {
        let samples = Double(samples)
        var sum = penalty
        for (index, (output, figures)) in zip(spec.outputs, figures).enumerated() {
            try KerasError.placing(Place(object: "output '\(output.name)'")) {
                if let value = figures.loss {
                    let weight = spec.outputLossesCountBatches ? 1 : samples
                    losses[index].add(value * weight, weight: weight)
                    sum += value * output.weight
                }
                for (position, (arithmetic, part)) in figures.metrics.enumerated() {
                    var state = metrics[index][position] ?? MetricState(arithmetic)
                    try state.add(
                        part, of: batches[index], isWeighted: output.metrics[position].isWeighted,
                        heedsMask: spec.allMetricsHeedMasks)
                    metrics[index][position] = state
                }
            }
        }
        total.add(sum * samples, weight: samples)
    }

    private mutating func plan(_ output: Int, _ form: FigurePlan.Form) throws -> FigurePlan {
        if let known = plans[output][form] { return known }
        let made = try FigurePlan(spec.outputs[output], form, spec: spec, options: options)
        plans[output][form] = made
        return made
    }

    var results: [(name: String, value: Double)] {
        var results = [("loss", total.value)]
        if spec.reportsOutputLosses {
            for (output, loss) in zip(spec.outputs, losses) where output.loss != nil { results.append((output.name + "_loss", loss.value)) }
        }
        for (output, states) in zip(spec.outputs, metrics) {
            for (metric, state) in zip(output.metrics, states) {
                let figures = state?.figures ?? [0]
                let names = figures.count == 1 ? [metric.name] : figures.indices.map { "\(metric.name)[\($0)]" }
                results += zip(names, figures)
            }
        }
        return results
    }
}

extension EvaluationSpec.Output {
    /// Whether some loss or metric of this output would rather see what a softmax or a sigmoid was taken of.
    ///
    /// - Throws: `unsupported` for one without arithmetic.
    fileprivate func usesLogits() throws -> Bool {
        var uses = false
        func look(at loss: Loss) throws { uses = try rowFormula(loss.function).usesLogits && loss.readsLogits || uses }
        if let loss { try look(at: loss) }
        for metric in metrics {
            switch metric.metric.form {
            case .loss(let loss): try look(at: loss)
            case .function(let function): _ = try MetricArithmetic(function)
            case .crossentropy: uses = true
            case .accuracy: break
            }
        }
        return uses
    }
}

extension OpGraph {
    /// The logits behind each output, if they are wanted.
    fileprivate func logits(_ wanted: [Bool]) -> [ValueID?] { zip(outputs, wanted).map { $1 ? logits(behind: $0) : nil } }

    /// The same graph with the sum of these as a further output, if there are any.
    fileprivate func addingPenalties(_ penalties: [ActivityPenalty]) throws -> OpGraph {
        let tape = Tape(self)
        let terms = try penalties.map { try $0.formula(tape) }
        guard let first = terms.first else { return self }
        let sum = try terms.dropFirst().reduce(first) { try $0 + $1 }
        var graph = tape.graph
        graph.outputs.append(sum.value.id)
        return graph
    }
}
