import KerasFormat
import KerasModel
import Tensors

extension Model {
    /// Takes the weights of a file: `.weights.h5`, a weights-only `.h5`, or what a whole `.h5` or `.keras` holds of them. Keras: `load_weights`.
    ///
    /// - Throws: a `mismatch` problem for all that does not fit the model; then nothing is changed.
    public func loadWeights(from path: String) throws {
        let built = try built()
        try set(try WeightsFile.read(path, into: built))
    }

    /// Gives variables new values, each in the type the variable has.
    private func set(_ weights: [WeightID: Tensor]) throws {
        let variables = state.withLock { $0.variables }
        let values = try weights.compactMap { id, tensor in
            try variables[id].map { ($0, tensor.dtype == $0.tensor.dtype ? tensor : try tensor.converted(to: $0.tensor.dtype)) }
        }
        for (variable, tensor) in values { variable.set(tensor) }
    }
}
