import KerasModel
import Storage
import Tensors

/// What a model is told by, whatever file it stands in: the same model read from an `.h5` and from a `.keras` has the same hashes.
package struct ContentHash: Sendable, Hashable {
    /// SHA-256 of ``ModelLayer/canonicalArchitecture``, in hexadecimal digits.
    package let architecture: String
    /// SHA-256 of every weight in the order of creation: element type, shape and elements. Nil where there are none.
    package let weights: String?

    /// - Throws: a `mismatch` problem if the model's shapes do not fit.
    package init(_ model: SavedModel) throws {
        var hash = SHA256()
        hash.update(model.root.canonicalArchitecture.serialized(.compact))
        architecture = hash.hex
        guard !model.weights.isEmpty else {
            weights = nil
            return
        }
        hash = SHA256()
        for (id, spec) in try BuiltModel(model.root).allWeights(of: model.root) {
            guard let tensor = model.weights[id] else {
                throw KerasError(.mismatch, "a weight is missing", found: "none for '\(spec.name)'", expected: "\(spec.shape)")
            }
            hash.update("\(tensor.dtype) \(tensor.shape)\n")
            try hash.update(tensor)
        }
        weights = hash.hex
    }
}
