import KerasModel
import KerasRuntime
import Tensors

extension Model {
    /// What the model gives for `input (n, …)`: `(n, …)`. Any numeric type is cast as Keras casts it.
    ///
    /// - Parameter batchSize: how many samples go through together at most; nil leaves it to the runtime.
    /// - Throws: a `mismatch` problem if the data does not fit the model, or the model has several outputs.
    public func predict(_ input: Tensor, batchSize: Int? = nil) throws -> Tensor {
        let outputs = try predict([input], batchSize: batchSize)
        guard outputs.count == 1 else {
            throw KerasError(
                .mismatch, "the model has several outputs", found: "\(outputs.count)", expected: "predict([input]), which gives them all")
        }
        return outputs[0]
    }

    /// Every output for every input, in the model's order.
    ///
    /// - Throws: a `mismatch` problem if the data does not fit the model.
    public func predict(_ inputs: [Tensor], batchSize: Int? = nil) throws -> [Tensor] {
        try buildIfNeeded(for: inputs)
        return try predictor().predict(inputs, batchSize: batchSize)
    }

    /// Writes what the model gives for `input (n, …)` into `output (n, …)`. After the first call with these shapes nothing is allocated:
    /// what counts where samples come one by one.
    ///
    /// - Throws: a `mismatch` problem if the data does not fit the model, the model has several outputs, or `output` has not the shape and
    ///   type of what it gives, or shares its memory with another tensor.
    public func predict(_ input: Tensor, into output: inout Tensor) throws {
        if awaitsInputShape { try buildIfNeeded(for: [input]) }
        try predictor().predict(input, into: &output)
    }

    /// The same for several inputs and outputs, in the model's order.
    ///
    /// - Throws: as the one for one input and output.
    public func predict(_ inputs: [Tensor], into outputs: inout [Tensor]) throws {
        if awaitsInputShape { try buildIfNeeded(for: inputs) }
        try predictor().predict(inputs, into: &outputs)
    }

    /// Stateful layers begin with zeros again. Keras: `reset_states`.
    public func resetStates() {
        let recurrent = state.withLock { state in
            state.trainer = nil
            return state.recurrent
        }
        recurrent?.reset()
    }

    /// A Sequential without an input shape takes that of the first data.
    func buildIfNeeded(for inputs: [Tensor]) throws {
        guard
            state.withLock({ $0.built == nil && $0.root.architecture.sequentialInput == nil && $0.root.architecture.kind == .sequential }),
            let first = inputs.first
        else { return }
        let shape = SymbolicShape([nil] + first.shape.dims.dropFirst().map { $0 })
        state.withLock { state in
            let layers = state.root.architecture.layers
            let input = InputLayer(batchShape: shape, dtype: first.dtype.isText ? .string : .float32)
            state.root.architecture = Architecture(sequential: state.root.name, layers: layers, input: input)
        }
        try build(inputShapes: nil, weights: [:])
    }

    /// The runtime's view of the model as its weights are now.
    func predictor() throws -> Predictor {
        // Asked for before the versions: a change in between is seen next time.
        let changes = Variable.changes
        if let cached = state.withLock({ $0.predictor }), cached.changes == changes { return cached.predictor }
        let built = try built()
        let (variables, version, cached, runtime, states) = state.withLock {
            ($0.variables, $0.version, $0.predictor, $0.runtime, $0.recurrent)
        }
        let predictor =
            if let cached, cached.version == version { cached.predictor } else {
                Predictor(
                    weights: variables.mapValues(\.tensor), options: runtime, states: states, read: built.reader,
                    fit: { try built.readsData ? $0 : built.fitted(shapes: $0) }
                ) {
                    try built.lowered(for: $0)
                }
            }
        // Unless others have changed the options meanwhile.
        state.withLock { if $0.runtime == runtime { $0.predictor = (predictor, version, changes) } }
        return predictor
    }
}
