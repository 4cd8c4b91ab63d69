import KerasModel
private import Synchronization
import Tensors

/// What the stateful layers of a model have left of the batches so far. It outlives the weights it was made with.
///
/// Keras: the states of `stateful=True`, until `reset_states`.
package final class RecurrentStates: Sendable {
    private struct Content {
        var values: [WeightID: Tensor] = [:]
        var programs: [[Shape]: Program] = [:]
        /// Whose programs those are.
        var owner: ObjectIdentifier?
    }

    private struct Program {
        let executable: Executable
        let states: [(id: WeightID, shape: Shape, dtype: DType)]
        let outputs: Int
    }

    private let model: BuiltModel
    /// Samples of a batch, if the model says so.
    let batch: Int?
    private let content = Mutex(Content())

    /// nil for a model without stateful layers.
    package init?(_ model: BuiltModel) {
        guard model.isStateful else { return nil }
        self.model = model
        batch = model.inputShapes.first?.dims.first ?? nil
    }

    /// The next batch begins with zeros.
    package func reset() { content.withLock { $0.values = [:] } }

    /// Runs the batches one after the other, each from what the one before it has left.
    ///
    /// - Parameter lower: in place of the model as it predicts.
    /// - Throws: a `mismatch` problem if the samples do not make up whole batches, or a batch has not as many as the states stand for.
    func predict(
        _ inputs: [Tensor], batchSize: Int?, owner: AnyObject, lower: (([Shape]) throws -> LoweredModel)?,
        _ make: (OpGraph) throws -> Executable
    ) throws -> [Tensor] {
        let lower = lower ?? { [model] in try model.loweredModel(for: $0, phase: .predict) }
        let samples = inputs.first?.shape.dims.first ?? 0
        let size = batch ?? max(batchSize ?? samples, 1)
        guard samples % size == 0 else {
            throw KerasError(
                .mismatch, "a model with stateful layers takes whole batches", found: "\(samples) samples",
                expected: "a multiple of \(size)")
        }
        return try content.withLock { content in
            if content.owner != ObjectIdentifier(owner) { (content.programs, content.owner) = ([:], ObjectIdentifier(owner)) }
            var results: [[Tensor]] = []
            for first in stride(from: 0, to: max(samples, 1), by: size) {
                let part = samples == size ? inputs : try inputs.map { try $0[first..<first + size].contiguous() }
                results.append(try RecurrentStates.run(part, lower, &content, make))
            }
            guard results.count != 1 else { return results[0] }
            return try results[0].indices.map { output in try Tensor(joining: results.map { $0[output] }) }
        }
    }

    private static func run(
        _ inputs: [Tensor], _ lower: ([Shape]) throws -> LoweredModel, _ content: inout Content, _ make: (OpGraph) throws -> Executable
    ) throws -> [Tensor] {
        let shapes = inputs.map(\.shape)
        let program: Program
        if let known = content.programs[shapes] {
            program = known
        } else {
            let lowered = try lower(shapes)
            var graph = lowered.graph
            let states = lowered.states.filter { graph.value(of: $0.id) != nil }
            let outputs = graph.outputs.count
            let kinds = states.map { state in graph.values[graph.value(of: state.id) ?? 0] }
            graph.outputs += states.map(\.value)
            _ = graph.makeInputs(of: states.map(\.id))
            program = Program(
                executable: try make(graph), states: zip(states, kinds).map { ($0.id, $1.shape, $1.dtype) }, outputs: outputs)
            if content.programs.count >= 8 { content.programs.removeAll() }
            content.programs[shapes] = program
        }
        let before = try program.states.map { state in
            let known = try content.values[state.id] ?? Tensor(zeros: state.shape, dtype: state.dtype)
            guard known.shape == state.shape else {
                throw KerasError(
                    .mismatch, "the states stand for another number of samples", found: "\(state.shape)",
                    expected: "\(known.shape), or resetStates() before it")
            }
            return known
        }
        let results = try program.executable.run(inputs + before)
        for (state, value) in zip(program.states, results.dropFirst(program.outputs)) { content.values[state.id] = value }
        return Array(results.prefix(program.outputs))
    }
}

extension Tensor {
    /// One tensor of the rows of several, in their order.
    ///
    /// - Throws: a `mismatch` problem for rows of several shapes.
    init(joining parts: [Tensor]) throws {
        let first = parts[0]
        if first.dtype.isText {
            let texts = try parts.flatMap { try $0.strings() }
            try self.init(texts, shape: try Shape(checking: [parts.reduce(0) { $0 + $1.shape[0] }] + first.shape.dims.dropFirst()))
            return
        }
        guard parts.allSatisfy({ $0.shape.dims.dropFirst() == first.shape.dims.dropFirst() }) else {
            throw KerasError(
                .mismatch, "batches give results of several lengths", found: "\(first.shape), …",
                expected: "a batch size for all samples, or a length that the model says")
        }
        try self.init(zeros: try Shape(checking: [parts.reduce(0) { $0 + $1.shape[0] }] + first.shape.dims.dropFirst()), dtype: first.dtype)
        var offset = 0
        for part in parts {
            let part = try part.contiguous()
            (mutableAddress + offset).copyMemory(from: part.address, byteCount: part.byteCount)
            offset += part.byteCount
        }
    }
}
