import KerasModel
import Tensors

/// A model in training: its weights as they are now, the optimizer, and the programs of its steps, one for each form of batch.
///
/// One caller at a time uses it.
package final class Trainer: @unchecked Sendable {
    // Sound to hand on: whoever takes it out of a model's state has it alone.

    private let model: BuiltModel
    private let spec: EvaluationSpec
    private let options: RuntimeOptions
    private let seed: UInt64
    /// All weights: what a step changes is changed in place.
    private var values: [WeightID: Tensor]
    /// The weights that steps change.
    private let changing: [WeightID]
    /// The weights that have gradients, and those.
    private let trained: [WeightID]
    private let gradients: [Tensor]
    /// Those of a later piece of a batch, before they are added up.
    private var furtherGradients: [Tensor] = []
    private let constraints: [(run: ConstraintRun, weight: Tensor)]
    package let optimizer: OptimizerRun
    private let store = ConstantStore()
    private var programs: [TrainingGraph.Form: [Piece]] = [:]
    private var means: EvaluationFigures

    /// A run of a batch's samples, and what goes through it.
    private struct Piece {
        var rows: Range<Int>
        var program: TrainingProgram
    }

    /// - Parameter seed: what all that is random in the model's layers hangs on, besides the number of the step.
    /// - Throws: `unsupported` for types and optimizers that are not trained.
    package init(
        _ model: BuiltModel, weights: [WeightID: Tensor], spec: EvaluationSpec, optimizer: Optimizer, seed: UInt64,
        options: RuntimeOptions = RuntimeOptions()
    ) throws {
        (self.model, self.spec, self.options, self.seed) = (model, spec, options, seed)
        let entries = model.tree(of: model.root).all
        let moved = entries.filter(\.isTrained)
        let changing = entries.filter { $0.isTrained || !$0.spec.isTrainable }
        self.changing = changing.map(\.id)
        values = weights
        var problems = ProblemList()
        for entry in changing {
            guard let weight = weights[entry.id] else { throw KerasError(.mismatch, "a weight is missing", found: entry.spec.name) }
            if entry.isTrained, weight.dtype != .float32 {
                problems.add(
                    Problem(
                        kind: .unsupported, sentence: "weights of this type are not trained", place: model.place(of: entry.id, entry.spec),
                        found: "\(weight.dtype)", expected: "float32"))
            }
            values[entry.id] = try weight.copied()
        }
        try problems.throwIfAny()
        trained = moved.map(\.id)
        let variables = trained.compactMap { [values] in values[$0] }
        gradients = try variables.map { try Tensor(zeros: $0.shape) }
        constraints = moved.compactMap { [values] entry in
            guard let constraint = entry.spec.constraint, let weight = values[entry.id] else { return nil }
            let run = problems.attempt(at: model.place(of: entry.id, entry.spec)) { try ConstraintRun(constraint, shape: weight.shape) }
            return run.map { ($0, weight) }
        }
        try problems.throwIfAny()
        self.optimizer = try OptimizerRun(optimizer, variables: variables, gradients: gradients, options: options)
        means = EvaluationFigures(spec, options)
    }

    /// The weights that steps change, as they are now, in memory that none changes.
    package func snapshot() throws -> [WeightID: Tensor] {
        Dictionary(uniqueKeysWithValues: try changing.compactMap { id in try values[id].map { (id, try $0.copied()) } })
    }

    /// What the batches since ``resetFigures()`` came to, as Keras shows it: `loss` first.
    package var figures: [(name: String, value: Double)] { means.results }

    package func resetFigures() { means = EvaluationFigures(spec, options) }

    /// One step: forward, backward, and the optimizer's.
    ///
    /// - Parameters:
    ///   - inputs: one tensor per input of the model, `(n, …)`.
    ///   - targets: one per output, `(n, …)`.
    ///   - weights: the samples' weights for each output.
    /// - Returns: the batch's total loss.
    /// - Throws: `mismatch` if the batch does not fit the model, `unsupported` for what is not trained.
    @discardableResult package func step(inputs: [Tensor], targets: [Tensor], weights: [Tensor?]? = nil) throws -> Double {
        let (inputs, pieces) = try prepared(inputs, targets, weights)
        let results = try run(pieces, inputs, targets, weights ?? [])
        if optimizer.step(threads: options.threads) {
            for (constraint, weight) in constraints { constraint.apply(to: weight.numbers) }
        }
        let own = zip(spec.outputs, results.figures).reduce(0.0) { $0 + ($1.1.loss ?? 0) * $1.0.weight }
        let batches = spec.outputs.indices.map { index in
            results.outputs[index].map {
                OutputBatch(output: $0, logits: nil, target: targets[index], weights: weights?[index], mask: results.masks[index])
            }
        }
        try means.add(results.figures, of: batches, samples: inputs.first?.shape.dims.first ?? 0, penalty: results.total - own)
        return results.total
    }

    /// The samples of a batch that go through a step together.
    package func pieceSize(inputs: [Tensor], targets: [Tensor]) throws -> Int { try prepared(inputs, targets, nil).pieces[0].rows.count }

    /// How long each part of a step takes for the batch's first piece, and the optimizer's, which comes last: weights change.
    ///
    /// - Throws: as ``step(inputs:targets:weights:)``.
    package func profile(
        inputs: [Tensor], targets: [Tensor]
    ) throws -> [(layer: String, op: String, seconds: Double, flops: Double, bytes: Double)] {
        let (inputs, pieces) = try prepared(inputs, targets, nil)
        let first = pieces[0]
        let steps = try first.program.profile(
            inputs.rows(first.rows), targets.rows(first.rows), seed: seed(first), lossScale: optimizer.lossScale)
        let time = ContinuousClock().measure { optimizer.step(threads: options.threads) }
        let name = optimizer.optimizer.algorithm.names.className
        return steps + [("", name, Double(seconds: time), 0, Double(optimizer.bytesMoved))]
    }

    /// Targets of a form that the losses take, with numbers of no meaning.
    package func exampleTargets(for inputs: [Tensor]) throws -> [Tensor] {
        let graph = try model.loweredModel(for: try model.fitted(inputs).map(\.shape), phase: .train).graph
        return try zip(spec.outputs, graph.outputs).map { output, value in
            let shape = graph.values[value].shape
            guard let function = try (output.loss?.function).map(rowFormula), function.targetForm == .classNumber else {
                let numbers = (0..<shape.count).map { (place: Int) -> Float in Float(place % 7) / 7 }
                return try Tensor(numbers, shape: shape)
            }
            let axis = try function.axis(in: shape)
            var dims = shape.dims
            dims[axis] = 1
            return try Tensor((0..<Shape(dims).count).map { Int32($0 % shape[axis]) }, shape: Shape(dims))
        }
    }

    /// The inputs as the model takes them, and the program for batches of this form.
    private func prepared(
        _ inputs: [Tensor], _ targets: [Tensor], _ weights: [Tensor?]?
    ) throws -> (inputs: [Tensor], pieces: [Piece]) {
        let inputs = try model.fitted(inputs)
        for (what, found) in [("targets", targets.count), ("sample weights", weights?.count ?? spec.outputs.count)]
        where found != spec.outputs.count {
            throw KerasError(
                .mismatch, "the data has another number of \(what) than the model", found: "\(found)", expected: "\(spec.outputs.count)")
        }
        let form = TrainingGraph.Form(
            inputs: inputs.map(\.shape),
            targets: zip(spec.outputs, targets).map { $0.loss != nil || !$0.metrics.isEmpty ? $1.shape : nil },
            weights: spec.outputs.indices.map { weights?[$0]?.shape })
        return (inputs, try pieces(form))
    }

    /// Forward and backward, piece by piece: gradients and figures are added up in the pieces' order.
    private func run(_ pieces: [Piece], _ inputs: [Tensor], _ targets: [Tensor], _ weights: [Tensor?]) throws -> TrainingProgram.Results {
        guard pieces.count > 1 else {
            return try pieces[0].program.run(
                inputs, targets, weights, seed(pieces[0]), lossScale: optimizer.lossScale, gradients: gradients, threads: options.threads)
        }
        if furtherGradients.isEmpty { furtherGradients = try gradients.map { try Tensor(zeros: $0.shape) } }
        var sum: TrainingProgram.Results?
        for piece in pieces {
            let results = try piece.program.run(
                inputs.rows(piece.rows), targets.rows(piece.rows), weights.map { $0?[piece.rows] }, seed(piece),
                lossScale: optimizer.lossScale, gradients: sum == nil ? gradients : furtherGradients, threads: options.threads)
            if sum != nil { GradientSum(gradients, furtherGradients).run(threads: options.threads) }
            let share = Double(piece.rows.count) / Double(pieces.last?.rows.upperBound ?? 1)
            sum = sum.adding(results, share: share)
        }
        return sum ?? TrainingProgram.Results(total: 0, figures: [], outputs: [], masks: [])
    }

    private func seed(_ piece: Piece) -> TrainingProgram.Seed {
        TrainingProgram.Seed(seed, step: optimizer.iterations &+ optimizer.skipped, first: piece.rows.lowerBound)
    }

    private func pieces(_ form: TrainingGraph.Form) throws -> [Piece] {
        if let known = programs[form] { return known }
        let scalesLoss = optimizer.lossScale != nil
        let whole = try TrainingGraph(model, spec, form, scalesLoss: scalesLoss)
        let samples = form.samples
        for (id, shape) in whole.states where values[id]?.shape != shape { values[id] = try Tensor(zeros: shape) }
        var made: [Piece] = []
        if let size = BatchPieces.size(whole, samples: samples, gradients: gradients.reduce(0) { $0 + $1.byteCount }, options) {
            var known: [Int: TrainingProgram] = [:]
            for first in stride(from: 0, to: samples, by: size) {
                let rows = first..<min(first + size, samples)
                let part = form.cut(to: rows.count)
                let program =
                    try known[rows.count]
                    ?? self.program(
                        try TrainingGraph(model, spec, part, share: Double(rows.count) / Double(samples), scalesLoss: scalesLoss), part)
                known[rows.count] = program
                made.append(Piece(rows: rows, program: program))
            }
        } else {
            made = [Piece(rows: 0..<samples, program: try program(whole, form))]
        }
        // The usual form, that of the rest, and a few more.
        if programs.count >= 8 { programs.removeAll() }
        programs[form] = made
        return made
    }

    private func program(_ graph: TrainingGraph, _ form: TrainingGraph.Form) throws -> TrainingProgram {
        try TrainingProgram(graph, form, values: values, trained: trained, store: store, options: options)
    }
}

extension [Tensor] {
    fileprivate func rows(_ range: Range<Int>) -> [Tensor] { map { $0[range] } }
}
