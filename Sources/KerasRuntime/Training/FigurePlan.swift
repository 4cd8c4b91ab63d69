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
    /// The output's: 1 for what counts, else 0.
    var mask: Tensor?

    var form: FigurePlan.Form {
        FigurePlan.Form(
            target: target.shape, output: output.shape, hasLogits: logits != nil, weights: weights?.shape, mask: mask?.shape)
    }
}

/// The loss and the metrics of one output on batches of one form, made ready to run.
struct FigurePlan: Sendable {
    struct Form: Hashable {
        var target: Shape
        var output: Shape
        var hasLogits: Bool
        var weights: Shape?
        var mask: Shape?
    }

    private let executable: Executable
    private let reader: FigureReader

    /// - Throws: a `mismatch` problem if targets, outputs and weights do not fit, `unsupported` for what has no arithmetic.
    init(_ output: EvaluationSpec.Output, _ form: Form, spec: EvaluationSpec, options: RuntimeOptions) throws {
        var graph = OpGraph()
        let target = graph.input(shape: form.target, dtype: .float32)
        let value = graph.input(shape: form.output, dtype: .float32)
        let logits = form.hasLogits ? graph.input(shape: form.output, dtype: .float32) : nil
        let weights = form.weights.map { graph.input(shape: $0, dtype: .float32) }
        let mask = form.mask.map { graph.input(shape: $0, dtype: .float32) }
        let tape = Tape(graph)
        func term(_ value: Value) -> Term { Term(value: value, tape: tape) }
        let terms = OutputTerms(target: term(target), output: term(value), logits: logits.map(term))
        let figures = try OutputFigures(output, terms, weights: weights.map(term), mask: mask.map(term), spec)
        reader = figures.reader
        graph = tape.graph
        graph.outputs = figures.results.map(\.value.id)
        executable = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "a loss has no weights") }, options: options)
    }

    /// - Throws: a `mismatch` problem for targets that a function is not defined for.
    func run(_ batch: OutputBatch) throws -> BatchFigures {
        try reader.check(batch.target, outputs: batch.output.shape)
        let inputs = [batch.target, batch.output] + [batch.logits, batch.weights, batch.mask].compactMap { $0 }
        var results = try executable.run(inputs).map { Double(try $0.scalars(as: Float.self)[0]) }[...]
        return reader.read(&results)
    }
}

extension Term {
    /// What a batch's rows add to a metric's mean: a sum and a weight, `()` each; no weight if it is the number of rows.
    ///
    /// - Parameter mask: 1 for rows that count, 0 for others, of the rows' shape or its first axes.
    func meanParts(weights: Term?, mask: Term?, weighting: EvaluationSpec.SampleWeighting) throws -> (sum: Term, weight: Term?) {
        let weights = try weights?.asWeights(of: self).broadcast(to: shape)
        let mask = try mask?.asWeights(of: self).broadcast(to: shape)
        guard let factor = try weights.map({ weights in try mask.map { try weights * $0 } ?? weights }) ?? mask else {
            return (try sum(allAxes), nil)
        }
        let sum = try (self * factor).sum(allAxes)
        switch weighting {
        case .overAll: return (sum, try factor.sum(allAxes))
        case .overNonzero:
            let total = Double(shape.count)
            let shares = try [weights?.compared(.notEqual, 0), mask].compactMap { $0 }.map { try $0.sum($0.allAxes) * (1 / total) }
            return (try shares.reduce(sum) { try $0.divided(by: $1) }, nil)
        }
    }
}
