import HDF5
import JSON
import KerasModel
import Storage
import Tensors

/// Writes a whole model in the layout of every Keras's `.h5`. Strings are labelled ASCII and names are of fixed length throughout: what h5py 2
/// and 3 give to every Keras in the form it expects.
enum LegacyModelWriter {
    static func write(_ model: SavedModel, _ options: SaveOptions) throws -> ByteRope {
        let built = try BuiltModel(model.root)
        let target = options.target
        let version = model.versionText(for: target)
        var draft = HDF5Draft()
        draft.root.add(attribute: "backend", .text(model.backend(for: target)))
        draft.root.add(attribute: "keras_version", .text(version))
        let config = try ModelConfigWriter.hdf5(model.root, built: built, target: target, losses: options.losses)
        draft.root.add(attribute: "model_config", .text(config.serialized()))
        draft.root[group: "model_weights"] = try LegacyWeightsWriter.group(model, built, options)
        return try HDF5Image(draft).content
    }
}

extension SavedModel {
    /// The file's own version where it stays with those it came from, since what a model means can hang on it.
    func versionText(for target: SaveTarget) -> String {
        origin?.target == target ? origin?.kerasVersion?.text ?? target.kerasVersion : target.kerasVersion
    }

    /// Weights of Theano's are turned round when they are read: what is written is TensorFlow's.
    func backend(for target: SaveTarget) -> String {
        target == .keras3 && origin?.dialect == .keras3 ? origin?.backend ?? "tensorflow" : "tensorflow"
    }
}
