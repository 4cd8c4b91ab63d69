import HDF5
import KerasModel
import Storage
import Tensors

/// A file whose weights are wanted, for a model from elsewhere: a weights file of either layout, a whole model, or safetensors.
package enum WeightsFile {
    /// The weights of `model`.
    ///
    /// - Throws: a `mismatch` problem for all that does not fit the model.
    package static func read(_ path: String, into model: BuiltModel) throws -> [WeightID: Tensor] {
        try KerasError.placing(Place(file: path)) {
            let bytes = try Files.read(path)
            if FileKind(bytes) == .zip {
                return try PathWeights.read(KerasArchive.storedVariables(in: ZipArchive(bytes, name: path)), into: model)
            }
            if FileKind(bytes) == .safetensors { return try SafetensorsModel.weights(in: Safetensors(bytes), into: model) }
            let root = try HDF5File(bytes: bytes, name: path).root
            return try PathVariables.isLayout(of: root)
                ? PathWeights.read(PathVariables(root), into: model) : LegacyWeights.read(root, into: model)
        }
    }
}
