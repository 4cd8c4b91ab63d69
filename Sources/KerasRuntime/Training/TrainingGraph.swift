import KerasModel
import Tensors

/// One step of training as a program: from a batch and the weights to the loss, the metrics, the gradients, and what else changes.
struct TrainingGraph: Sendable {
    /// What a batch looks like.
    struct Form: Hashable {
        var inputs: [Shape]
        /// Of each output; nil where none is looked at.
        var targets: [Shape?]
        /// The samples' weights for each output.
        var weights: [Shape?]
    }

    /// Inputs: the model's; the seed, if anything is random; the targets; the samples' weights; the loss's scale, if it has one; the weights that change.
    /// Outputs: the total loss; each output's figures; outputs of the model that metrics look at, and their masks; the gradients; the weights that change otherwise.
    let graph: OpGraph
    let isRandom: Bool
    /// What the loss of the batch counts for.
    let share: Double
    /// What the loss's scale is given in; nil if it has none.
    let scaleType: DType?
    /// In the order of their inputs: first those that have gradients.
    let weights: [WeightID]
    /// Those that change otherwise, in the order of what they become.
    let updated: [WeightID]
    /// Those that are what a stateful layer has left of the batches so far.
    let states: [(id: WeightID, shape: Shape)]
    /// How many of them have gradients.
    let trained: Int
    /// The total loss, and the outputs' figures.
    let scalars: Int
    /// Which of the model's outputs are given out, for metrics that look at every number.
    let shown: [Int]
    /// Of which of these the masks are.
    let shownMasks: [Int]
    /// Of each output: what reads its figures, and its shape.
    let figures: [FigureReader]
    let outputShapes: [Shape]
    /// Bytes that each sample's activations take; nil if the batch is more than its samples one by one.
    let bytesPerSample: Int?

    /// - Parameters:
    ///   - share: what the loss of this batch counts for, and its gradients: less than 1 if it is a piece of another.
    ///   - scalesLoss: whether gradients are those of the loss times a number that each step is given.
    /// - Throws: `mismatch` if the batch does not fit the model, `unsupported` for layers, losses and metrics that are not trained.
    init(_ model: BuiltModel, _ spec: EvaluationSpec, _ form: Form, share: Double = 1, scalesLoss: Bool = false) throws {
        let lowered = try model.loweredModel(for: form.inputs, phase: .train)
        var graph = lowered.graph
        let outputs = graph.outputs
        let targets = form.targets.map { $0.map { graph.input(shape: $0, dtype: .float32) } }
        let weights = form.weights.map { $0.map { graph.input(shape: $0, dtype: .float32) } }
        let logits = outputs.map { graph.logits(behind: $0) }
        let entries = model.tree(of: model.root).all
        func value(of id: WeightID, in graph: OpGraph) -> OpGraph.ValueID? { lowered.replaced[id] ?? graph.value(of: id) }
        // A penalty may be all that looks at a weight.
        for entry in entries where entry.spec.regularizer != nil && graph.value(of: entry.id) == nil {
            _ = graph.weight(entry.id, shape: entry.spec.shape, dtype: entry.spec.dtype ?? .float32)
        }
        // What no layer of this program reads has no part in it.
        let trained = entries.filter { $0.isTrained && graph.value(of: $0.id) != nil }

        let tape = Tape(graph)
        var total: Term?
        func add(_ term: Term) throws { total = try total.map { try $0 + term } ?? term }
        let figures = try spec.outputs.enumerated().map { index, output in
            guard let target = targets[index] else { return OutputFigures() }
            return try KerasError.placing(Place(object: "output '\(output.name)'")) {
                let terms = OutputTerms(
                    target: tape.term(target.id), output: tape.term(outputs[index]), logits: logits[index].map(tape.term))
                let figures = try OutputFigures(
                    output, terms, weights: weights[index].map { tape.term($0.id) }, mask: lowered.masks[index].map(tape.term), spec)
                if let loss = figures.loss { try add(output.weight == 1 ? loss : output.weight * loss) }
                return figures
            }
        }
        let penalties = try model.penalties(includingFrozen: spec.penalizesFrozen) { id, weight in
            guard let value = value(of: id, in: tape.graph) else { throw KerasError(.mismatch, "a weight is missing", found: weight.name) }
            return tape.term(value)
        }
        if let penalties { try add(penalties) }
        for penalty in lowered.penalties { try add(try penalty.formula(tape)) }
        guard let total else { throw KerasError(.mismatch, "there is nothing to train for", expected: "a loss for one of the outputs") }

        graph = tape.graph
        (self.share, scaleType) = (share, scalesLoss ? total.dtype : nil)
        let seed =
            try scaleType.map { graph.input(shape: [], dtype: $0) } ?? graph.constant(Tensor([share], shape: []).converted(to: total.dtype))
        let gradients = try graph.addGradients(of: total.value.id, seed: seed.id, for: trained.compactMap { value(of: $0.id, in: graph) })
        // A weight that the loss does not hang on stays as it is.
        let moved = zip(trained, gradients).compactMap { entry, gradient in gradient.map { (id: entry.id, gradient: $0) } }
        let shown = outputs.indices.filter { figures[$0].reader.readsOutputs }
        let numbers = [total.value.id] + figures.flatMap(\.results).map(\.value.id)
        let masked = shown.filter { spec.allMetricsHeedMasks && lowered.masks[$0] != nil }
        graph.outputs =
            numbers + shown.map { outputs[$0] } + masked.compactMap { lowered.masks[$0] } + moved.map(\.gradient)
            + lowered.updates.map(\.value)
        updated = lowered.updates.map(\.weight)
        let changing = moved.map(\.id)
        self.weights = graph.makeInputs(of: changing + updated.filter { !changing.contains($0) })
        self.trained = moved.count
        states = lowered.states.compactMap { state in lowered.graph.value(of: state.id).map { (state.id, lowered.graph.values[$0].shape) } }
        self.figures = figures.map(\.reader)
        (scalars, self.shown, shownMasks) = (numbers.count, shown, masked)
        outputShapes = outputs.map { lowered.graph.values[$0].shape }
        isRandom = lowered.isRandom
        self.graph = graph
        bytesPerSample = TrainingGraph.bytesPerSample(lowered, figures, tape.graph, samples: form.inputs.first?.dims.first ?? 0)
    }

    /// - Parameter graph: the model's with the figures in it.
    private static func bytesPerSample(_ lowered: LoweredModel, _ figures: [OutputFigures], _ graph: OpGraph, samples: Int) -> Int? {
        guard samples > 0, lowered.updates.isEmpty, lowered.states.isEmpty, lowered.penalties.allSatisfy(\.isPerSample),
            lowered.masks.allSatisfy({ $0 == nil })
        else { return nil }
        let relations = BatchAxis.relations(graph, samples: samples)
        func areRows(_ values: [OpGraph.ValueID]) -> Bool { values.allSatisfy { relations[$0].isRows } }
        guard areRows(lowered.penalties.map(\.value.id)), figures.allSatisfy({ $0.rows.map { areRows($0.map(\.value.id)) } ?? false })
        else {
            return nil
        }
        return graph.nodes.reduce(0) { sum, node in
            if case .reshape = node.op { return sum }
            return node.outputs.reduce(sum) { $0 + (relations[$1].isRows ? graph.values[$1].shape.count * 4 / samples : 0) }
        }
    }
}

extension ActivityPenalty {
    func formula(_ tape: Tape) throws -> Term {
        let sum = try KerasError.placing(Place(layer: layer, key: "activity_regularizer")) { try regularizer.formula(tape.term(value.id)) }
        return isPerSample ? try (1 / Double(max(value.shape.dims.first ?? 1, 1))) * sum : sum
    }
}
