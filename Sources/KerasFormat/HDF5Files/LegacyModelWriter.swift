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
        let config = try ModelConfigWriter.json(model.root, built: built, target: target, form: .hdf5, losses: options.losses)
        draft.root.add(attribute: "model_config", .text(model.keepingWords(config, for: target, .hdf5).serialized()))
        draft.root[group: "model_weights"] = try LegacyWeightsWriter.group(model, built, options)
        if target == .universal { noteKeras2(model.root, built, options) }
        if let training = model.training {
            let writer = TrainingWriter(training, of: model, options)
            if let config = try writer.config() {
                draft.root.add(attribute: "training_config", .text(config.serialized()))
                let state = writer.state(for: config)
                if !state.isEmpty { draft.root[group: "optimizer_weights"] = try group(state) }
            }
        }
        return try HDF5Image(draft).content
    }

    /// The optimizer's variables under the names and in the order they came in.
    private static func group(_ state: [(name: String, tensor: Tensor)]) throws -> HDF5DraftGroup {
        var group = HDF5DraftGroup()
        try group.add(names: state.map(\.name), as: "weight_names")
        for (name, tensor) in state { group.add(dataset: name, HDF5DraftDataset(tensor)) }
        return group
    }

    /// What keeps the oldest of those that a universal file is for from reading it.
    private static func noteKeras2(_ root: ModelLayer, _ built: BuiltModel, _ options: SaveOptions) {
        do {
            _ = try ModelConfigWriter.json(root, built: built, target: .keras2, form: .hdf5)
        } catch let error as KerasError {
            let words = error.problems.map { problem in
                problem.sentence.replacing("keras2", with: "it") + (problem.found.map { ": \($0)" } ?? "")
            }
            var seen: Set<String> = []
            let unique = words.filter { seen.insert($0).inserted }
            options.notes.add(
                "Keras 2 cannot load this file: " + unique.prefix(4).joined(separator: "; ") + (unique.count > 4 ? "; …" : ""))
        } catch {}
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
