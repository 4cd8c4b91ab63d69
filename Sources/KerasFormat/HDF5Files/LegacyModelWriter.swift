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
        let options = options.telling(whatShares: built, of: model)
        let target = options.target
        let version = model.versionText(for: target)
        var draft = HDF5Draft()
        draft.root.add(attribute: "backend", .text(model.backend(for: target)))
        draft.root.add(attribute: "keras_version", .text(version))
        let config = try ModelConfigWriter.json(
            model.root, built: built, target: target, form: .hdf5, losses: options.losses, notes: options.notes)
        for (name, value) in model.extras(in: .hdf5, for: target).attributes { draft.root.add(attribute: name, value.draft) }
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
        // Some files of Keras 3 have one for all of a name.
        var written: Set<String> = []
        for (name, tensor) in state where written.insert(name).inserted { group.add(dataset: name, HDF5DraftDataset(tensor)) }
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
    /// What a file of this form for this target has of the one the model came from (``Origin/extras``).
    func extras(in form: Origin.Configuration.Form?, for target: SaveTarget) -> Origin.Extras {
        guard let origin, origin.target == target, let own = origin.configuration?.form, own == form else { return Origin.Extras() }
        return origin.extras
    }

    /// Tells what of it a file of another form or for another target lacks. Attributes are somebody's notes; an asset is part of a layer.
    ///
    /// - Throws: `unsupported` for assets, unless losses are taken.
    func tellExtras(in form: Origin.Configuration.Form?, _ options: SaveOptions) throws {
        guard let origin else { return }
        let kept = extras(in: form, for: options.target)
        if kept.attributes.isEmpty, !origin.extras.attributes.isEmpty {
            options.notes.add("left out: the file's attributes " + origin.extras.attributes.map { "'\($0.name)'" }.joined(separator: ", "))
        }
        guard kept.assets.isEmpty, !origin.extras.assets.isEmpty else { return }
        let names = origin.extras.assets.prefix(4).map { "'\($0.name)'" }.joined(separator: ", ")
        guard let losses = options.losses else {
            throw KerasError(
                .unsupported, "this file has no place for what a layer keeps in files of its own", found: names,
                expected: "a .keras for \(origin.target.rawValue)")
        }
        losses.add("left out: what layers keep in files of their own, \(names)")
    }

    /// The file's own version where it stays with those it came from, since what a model means can hang on it.
    func versionText(for target: SaveTarget) -> String {
        origin?.target == target ? origin?.kerasVersion?.text ?? target.kerasVersion : target.kerasVersion
    }

    /// Weights of Theano's are turned round when they are read: what is written is TensorFlow's.
    func backend(for target: SaveTarget) -> String {
        target == .keras3 && origin?.dialect == .keras3 ? origin?.backend ?? "tensorflow" : "tensorflow"
    }
}
