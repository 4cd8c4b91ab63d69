import KerasModel
import Tensors

/// A step of training made ready for one form of batch.
final class TrainingProgram {
    /// Of the numbers a step draws.
    struct Seed {
        let words: [Int32]

        /// - Parameter first: the place in its batch of a piece's first sample.
        init(_ seed: UInt64, step: Int, first: Int) {
            words = [
                Int32(truncatingIfNeeded: seed), Int32(truncatingIfNeeded: seed >> 32), Int32(truncatingIfNeeded: step),
                Int32(truncatingIfNeeded: first),
            ]
        }
    }

    /// What a batch comes to.
    struct Results {
        /// The total loss.
        var total: Double
        var figures: [BatchFigures]
        /// Those outputs that a metric looks at, with the masks that it heeds.
        var outputs: [Tensor?]
        var masks: [Tensor?]
    }

    private let graph: TrainingGraph
    private let form: TrainingGraph.Form
    private let plan: any RunnablePlan
    private let run: any PlanRun
    /// The weights that change, in the order of their inputs.
    private let variables: [Tensor]
    private var outputs: [Tensor]
    /// Among the outputs those that are gradients, and which of all gradients each is.
    private let gradients: [(output: Int, place: Int)]
    /// The weights that change otherwise than by gradients, and what they become.
    private let updates: [(variable: Tensor, result: Tensor)]

    init(
        _ graph: TrainingGraph, _ form: TrainingGraph.Form, values: [WeightID: Tensor], trained: [WeightID],
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
        let first = graph.scalars + graph.shown.count + graph.shownMasks.count
        gradients = graph.weights.prefix(graph.trained).enumerated().compactMap { index, id in
            trained.firstIndex(of: id).map { (first + index, $0) }
        }
        let isGradient = Set(gradients.map(\.output))
        // Gradients have memory of the trainer's.
        outputs = try plan.outputs.enumerated().map { index, port in
            try Tensor(zeros: isGradient.contains(index) ? [0] : port.shape, dtype: port.dtype)
        }
        updates = zip(graph.updated, outputs[(first + graph.trained)...]).compactMap { id, output in values[id].map { ($0, output) } }
    }

    /// - Parameters:
    ///   - lossScale: what the loss is multiplied with for its gradients, if its graph was made for that.
    ///   - gradients: where they go, one for each of the trained weights.
    func run(
        _ inputs: [Tensor], _ targets: [Tensor], _ weights: [Tensor?], _ seed: Seed, lossScale: Float?, gradients given: [Tensor],
        threads: Int
    ) throws -> Results {
        for (output, place) in gradients { outputs[output] = given[place] }
        try plan.run(run, try ports(inputs, targets, weights, seed, lossScale), into: outputs, threads: threads)
        for (variable, result) in updates {
            variable.mutableAddress.copyMemory(from: result.address, byteCount: variable.byteCount)
        }
        var numbers = try outputs.prefix(graph.scalars).map { try $0.scalars(as: Double.self)[0] }[...]
        let total = numbers.removeFirst()
        var shown = [Tensor?](repeating: nil, count: graph.figures.count)
        for (place, output) in graph.shown.enumerated() { shown[output] = outputs[graph.scalars + place] }
        var masks = [Tensor?](repeating: nil, count: graph.figures.count)
        for (place, output) in graph.shownMasks.enumerated() { masks[output] = outputs[graph.scalars + graph.shown.count + place] }
        return Results(total: total, figures: graph.figures.map { $0.read(&numbers) }, outputs: shown, masks: masks)
    }

    func profile(
        _ inputs: [Tensor], _ targets: [Tensor], seed: Seed, lossScale: Float?
    ) throws -> [(layer: String, op: String, seconds: Double, flops: Double, bytes: Double)] {
        try plan.profile(try ports(inputs, targets, [], seed, lossScale))
    }

    /// All that the plan takes, in its order.
    private func ports(
        _ inputs: [Tensor], _ targets: [Tensor], _ weights: [Tensor?], _ seed: Seed, _ lossScale: Float?
    ) throws -> [Tensor] {
        var given = inputs
        if graph.isRandom { given.append(try Tensor(seed.words)) }
        for (index, target) in targets.enumerated() where form.targets[index] != nil {
            try graph.figures[index].check(target, outputs: graph.outputShapes[index])
            given.append(target)
        }
        given += weights.compactMap { $0 }
        if let type = graph.scaleType, let lossScale {
            given.append(try Tensor([Float(graph.share) * lossScale], shape: []).converted(to: type))
        }
        return given + variables
    }
}
