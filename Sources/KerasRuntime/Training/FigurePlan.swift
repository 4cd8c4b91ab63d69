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

    private let executable: Executable
    private let reader: FigureReader

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
        let figures = try OutputFigures(output, terms, weights: weights.map(term), weighting)
        reader = figures.reader
        graph = tape.graph
        graph.outputs = figures.results.map(\.value.id)
        executable = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "a loss has no weights") }, options: options)
    }

    /// - Throws: a `mismatch` problem for targets that a function is not defined for.
    func run(_ batch: OutputBatch) throws -> BatchFigures {
        try reader.check(batch.target, outputs: batch.output.shape)
        let inputs = [batch.target, batch.output] + (batch.logits.map { [$0] } ?? []) + (batch.weights.map { [$0] } ?? [])
        var results = try executable.run(inputs).map { Double(try $0.scalars(as: Float.self)[0]) }[...]
        return reader.read(&results)
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
