import KerasModel
import Tensors

/// One output of a model on one batch, with what it should have been.
struct OutputBatch {
    let output: Tensor
    /// The operand of the softmax or sigmoid that gave `output`.
    let logits: Tensor?
    let target: Tensor
    /// Of the samples, if they have any.
    var weights: Tensor?

    var form: FigurePlan.Form {
        FigurePlan.Form(target: target.shape, output: output.shape, hasLogits: logits != nil, weights: weights?.shape)
    }
}

/// The loss and the metrics of one output on batches of one form, made ready to run.
struct FigurePlan: Sendable {
    struct Form: Hashable {
        var target: Shape
        var output: Shape
        var hasLogits: Bool
        var weights: Shape?
    }

    /// What a batch comes to.
    struct Figures {
        var loss: Double?
        var metrics: [MetricPart]
    }

    private let executable: Executable
    private let hasLoss: Bool
    /// What the metrics are for batches of this form.
    let metrics: [MetricArithmetic]
    /// The weight of each metric's mean, where that is known beforehand.
    private let counts: [Double?]
    private let functions: [any RowFormula]

    /// - Throws: a `mismatch` problem if targets, outputs and weights do not fit, `unsupported` for what has no arithmetic.
    init(_ output: EvaluationSpec.Output, _ form: Form, weighting: EvaluationSpec.SampleWeighting, options: RuntimeOptions) throws {
        var graph = OpGraph()
        let target = graph.input(shape: form.target, dtype: .float32)
        let value = graph.input(shape: form.output, dtype: .float32)
        let logits = form.hasLogits ? graph.input(shape: form.output, dtype: .float32) : nil
        let weights = form.weights.map { graph.input(shape: $0, dtype: .float32) }
        let tape = Tape(graph)
        func term(_ value: Value) -> Term { Term(value: value, tape: tape) }
        let terms = OutputTerms(target: term(target), output: term(value), logits: logits.map(term))
        var (results, functions): ([Term], [any RowFormula]) = ([], [])
        if let loss = output.loss {
            functions.append(try rowFormula(loss.function))
            results.append(try loss.batch(terms, weights: weights.map(term), weighting: weighting))
        }
        metrics = try output.metrics.map {
            try $0.metric.arithmetic(target: form.target, output: form.output, loss: output.loss)
        }
        var counts: [Double?] = []
        for (metric, arithmetic) in zip(output.metrics, metrics) {
            guard case .mean(let function, let readsLogits) = arithmetic else {
                counts.append(nil)
                continue
            }
            functions.append(function)
            let (rows, counted) = try function.rows(terms, readsLogits: readsLogits)
            var weights = metric.isWeighted ? weights.map(term) : nil
            if let counted, weights != nil || !function.countsAllInMetrics {
                weights = try weights.map { try $0.asWeights(of: rows) * counted } ?? counted
            }
            let (sum, weight) = try rows.meanParts(weights: weights, weighting: weighting)
            results += [sum] + (weight.map { [$0] } ?? [])
            counts.append(weight == nil ? Double(rows.shape.count) : nil)
        }
        graph = tape.graph
        graph.outputs = results.map(\.value.id)
        executable = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "a loss has no weights") }, options: options)
        (hasLoss, self.counts, self.functions) = (output.loss != nil, counts, functions)
    }

    /// - Throws: a `mismatch` problem for targets that a function is not defined for.
    func run(_ batch: OutputBatch) throws -> Figures {
        for function in functions { try function.check(batch.target, outputs: batch.output.shape) }
        let inputs = [batch.target, batch.output] + (batch.logits.map { [$0] } ?? []) + (batch.weights.map { [$0] } ?? [])
        var results = try executable.run(inputs).map { Double(try $0.scalars(as: Float.self)[0]) }[...]
        let loss = hasLoss ? results.removeFirst() : nil
        let parts = zip(metrics, counts).map { arithmetic, count in
            guard case .mean = arithmetic else { return MetricPart.counts }
            return .mean(sum: results.removeFirst(), weight: count ?? results.removeFirst())
        }
        return Figures(loss: loss, metrics: parts)
    }
}

extension Term {
    /// What a batch's rows add to a metric's mean: a sum and a weight, `()` each; no weight if it is the number of rows.
    func meanParts(weights: Term?, weighting: EvaluationSpec.SampleWeighting) throws -> (sum: Term, weight: Term?) {
        guard let weights = try weights?.asWeights(of: self).broadcast(to: shape) else { return (try sum(allAxes), nil) }
        let sum = try (self * weights).sum(allAxes)
        switch weighting {
        case .overAll: return (sum, try weights.sum(allAxes))
        case .overNonzero: return (try Double(shape.count) * sum.divided(by: weights.compared(.notEqual, 0).sum(allAxes)), nil)
        }
    }
}
