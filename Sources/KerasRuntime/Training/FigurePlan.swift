import KerasModel
import Tensors

/// A mean that is gathered batch by batch.
struct RunningMean {
    private var total = 0.0
    private var weight = 0.0

    mutating func add(_ value: Double, weight: Double) {
        total += value
        self.weight += weight
    }

    /// 0 of nothing, as Keras reports it.
    var value: Double { weight == 0 ? 0 : total / weight }
}

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
        /// What each metric adds to its mean.
        var metrics: [(sum: Double, weight: Double)]
    }

    private let executable: Executable
    private let hasLoss: Bool
    /// The weight of a metric where that is known beforehand.
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
        var counts: [Double?] = []
        for metric in output.metrics {
            let (function, readsLogits) = try metric.metric.formula(target: form.target, output: form.output, loss: output.loss)
            functions.append(function)
            let (rows, _) = try function.rows(terms, readsLogits: readsLogits)
            let weights = metric.isWeighted ? weights.map(term) : nil
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
        return Figures(loss: loss, metrics: counts.map { count in (results.removeFirst(), count ?? results.removeFirst()) })
    }
}

extension Metric {
    /// The formula this metric is for targets and outputs of these shapes, and whether logits may stand for the output.
    func formula(target: Shape, output: Shape, loss: Loss?) throws -> (formula: any RowFormula, readsLogits: Bool) {
        switch resolved(target: target, output: output, loss: loss) {
        case .function(let known): (try rowFormula(known), false)
        case .loss(let known): (try rowFormula(known.function), known.readsLogits)
        case .accuracy, .crossentropy: throw KerasError(.unsupported, "a metric is not resolved", found: name)
        }
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
