import KerasModel
import Tensors

/// A model in training: its weights as they are now, the optimizer, and the programs of its steps, one for each form of batch.
///
/// One caller at a time uses it.
package final class Trainer {
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
    private let constraints: [(run: ConstraintRun, weight: Tensor)]
    package let optimizer: OptimizerRun
    private let store = ConstantStore()
    private var programs: [TrainingGraph.Form: TrainingProgram] = [:]
    private var means: EvaluationFigures

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
                        kind: .unsupported, sentence: "weights of this type are not trained", place: Place(key: entry.spec.name),
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
            let run = problems.attempt(at: Place(key: entry.spec.name)) { try ConstraintRun(constraint, shape: weight.shape) }
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
        let program = try program(form)
        let (total, figures, outputs, masks) = try program.run(
            inputs, targets, weights ?? [], seed: TrainingProgram.Seed(seed, step: optimizer.iterations), threads: options.threads)
        optimizer.step(threads: options.threads)
        for (constraint, weight) in constraints { constraint.apply(to: weight.numbers) }
        let own = zip(spec.outputs, figures).reduce(0.0) { $0 + ($1.1.loss ?? 0) * $1.0.weight }
        let batches = spec.outputs.indices.map { index in
            outputs[index].map {
                OutputBatch(output: $0, logits: nil, target: targets[index], weights: weights?[index], mask: masks[index])
            }
        }
        try means.add(figures, of: batches, samples: inputs.first?.shape.dims.first ?? 0, penalty: total - own)
        return total
    }

    private func program(_ form: TrainingGraph.Form) throws -> TrainingProgram {
        if let known = programs[form] { return known }
        let graph = try TrainingGraph(model, spec, form)
        for (id, shape) in graph.states where values[id]?.shape != shape { values[id] = try Tensor(zeros: shape) }
        let made = try TrainingProgram(graph, form, values: values, gradients: gradient(of:), store: store, options: options)
        // The usual form, that of the rest, and a few more.
        if programs.count >= 8 { programs.removeAll() }
        programs[form] = made
        return made
    }

    private func gradient(of id: WeightID) -> Tensor? { trained.firstIndex(of: id).map { gradients[$0] } }
}

/// A step of training made ready for one form of batch.
private final class TrainingProgram {
    /// Of the numbers a step draws.
    struct Seed {
        let words: [Int32]

        init(_ seed: UInt64, step: Int) {
            words = [
                Int32(truncatingIfNeeded: seed), Int32(truncatingIfNeeded: seed >> 32), Int32(truncatingIfNeeded: step),
            ]
        }
    }

    private let graph: TrainingGraph
    private let form: TrainingGraph.Form
    private let plan: any RunnablePlan
    private let run: any PlanRun
    /// The weights that change, in the order of their inputs.
    private let variables: [Tensor]
    private let outputs: [Tensor]
    /// The weights that change otherwise than by gradients, and what they become.
    private let updates: [(variable: Tensor, result: Tensor)]

    init(
        _ graph: TrainingGraph, _ form: TrainingGraph.Form, values: [WeightID: Tensor], gradients: (WeightID) -> Tensor?,
        store: ConstantStore, options: RuntimeOptions
    ) throws {
        (self.graph, self.form) = (graph, form)
        let executable = try Executable(graph: graph.graph, store: store, options: options) { id in
            guard let tensor = values[id] else { throw KerasError(.mismatch, "a weight is missing") }
            return tensor
        }
        plan = executable.plan
        run = try plan.take()
        variables = graph.weights.compactMap { values[$0] }
        var outputs = try plan.makeOutputs()
        let first = graph.scalars + graph.shown.count + graph.shownMasks.count
        for (index, id) in graph.weights.prefix(graph.trained).enumerated() {
            if let gradient = gradients(id) { outputs[first + index] = gradient }
        }
        self.outputs = outputs
        updates = zip(graph.updated, outputs[(first + graph.trained)...]).compactMap { id, output in values[id].map { ($0, output) } }
    }

    /// - Returns: the total loss, each output's figures, and those outputs that a metric looks at, with the masks that it heeds.
    func run(
        _ inputs: [Tensor], _ targets: [Tensor], _ weights: [Tensor?], seed: Seed, threads: Int
    ) throws -> (total: Double, figures: [BatchFigures], outputs: [Tensor?], masks: [Tensor?]) {
        var given = inputs
        if graph.isRandom { given.append(try Tensor(seed.words)) }
        for (index, target) in targets.enumerated() where form.targets[index] != nil {
            try graph.figures[index].check(target, outputs: graph.outputShapes[index])
            given.append(target)
        }
        given += weights.compactMap { $0 }
        try plan.run(run, given + variables, into: outputs, threads: threads)
        for (variable, result) in updates {
            variable.mutableAddress.copyMemory(from: result.address, byteCount: variable.byteCount)
        }
        var numbers = try outputs.prefix(graph.scalars).map { try $0.scalars(as: Double.self)[0] }[...]
        let total = numbers.removeFirst()
        var shown = [Tensor?](repeating: nil, count: graph.figures.count)
        for (place, output) in graph.shown.enumerated() { shown[output] = outputs[graph.scalars + place] }
        var masks = [Tensor?](repeating: nil, count: graph.figures.count)
        for (place, output) in graph.shownMasks.enumerated() { masks[output] = outputs[graph.scalars + graph.shown.count + place] }
        return (total, graph.figures.map { $0.read(&numbers) }, shown, masks)
    }
}
