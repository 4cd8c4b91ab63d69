import KerasModel
import Tensors

/// A model as it is at one moment.
package struct ModelSnapshot: Sendable {
    package let built: BuiltModel
    package let weights: [WeightID: Tensor]
    /// What its file says it was compiled with.
    package let training: TrainingConfiguration?
    /// Where it was read from.
    package let origin: Origin?

    /// Keras's names of the inputs: those of the input layers.
    package var inputNames: [String] { built.architecture.inputLayers.map(\.name) }
    /// Keras's names of the outputs: those of the layers that give them.
    package var outputNames: [String] { built.architecture.outputNames }
}

extension Model {
    /// The model as it is now.
    ///
    /// - Parameter inputs: what a Sequential without an input shape takes it from.
    /// - Throws: a `mismatch` problem if its input shape is not known.
    package func snapshot(for inputs: [Tensor] = []) throws -> ModelSnapshot {
        try buildIfNeeded(for: inputs)
        let built = try built()
        return state.withLock { state in
            ModelSnapshot(built: built, weights: state.variables.mapValues(\.tensor), training: state.training, origin: origin)
        }
    }

    /// True while nobody knows the shape of what a Sequential takes.
    package var awaitsInputShape: Bool {
        state.withLock { $0.built == nil && $0.root.architecture.kind == .sequential && $0.root.architecture.sequentialInput == nil }
    }
}
