import HDF5
import JSON
import KerasModel
import Storage
import Tensors

/// A model on disk: what every reader of models starts from.
package enum ModelFile {
    /// Reads a whole model, or an architecture whose weights stand in a file of their own or begin anew.
    ///
    /// - Parameters:
    ///   - weightsPath: a weights file to fill the model from, in place of what `path` itself holds.
    ///   - registry: the kinds of layer the model may hold.
    /// - Throws: everything that is wrong with the file, each with its place: `noInput`, `malformed`, `mismatch`, `unsupported`.
    package static func read(_ path: String, weightsPath: String? = nil, registry: LayerRegistry = .keras) throws -> SavedModel {
        var model = try KerasError.placing(Place(file: path)) { try decode(try Files.read(path), name: path, registry: registry) }
        if let weightsPath {
            let built = try KerasError.placing(Place(file: path)) { try BuiltModel(model.root) }
            model.weights = try WeightsFile(weightsPath).weights(of: built)
        }
        return model
    }

    /// The model in these bytes.
    package static func decode(_ bytes: Buffer, name: String, registry: LayerRegistry = .keras) throws -> SavedModel {
        switch FileKind(bytes) {
        case .json:
            let json = try bytes.withUnsafeBytes { try JSON(parsing: $0) }
            guard !ShardedWeights.isIndex(json) else { throw withoutModel() }
            return try architecture(json, registry: registry)
        case .yaml: return try architecture(try bytes.withUnsafeBytes { try JSON(yaml: $0) }, registry: registry)
        case .zip: return try KerasArchive.read(bytes, name: name, registry: registry)
        case .npy: throw KerasError(.malformed, "this is a numpy array, not a model", expected: "a model in an .h5, a .keras or a .json")
        case .safetensors: return try SafetensorsModel.read(Safetensors(bytes), registry: registry)
        // Not HDF5 either: that reader says best what it is instead.
        case .hdf5, .other:
            let file = try HDF5File(bytes: bytes, name: name)
            try file.requireSelfContained()
            return try LegacyModel.read(file, registry: registry)
        }
    }

    /// What is said where a model is wanted and weights are given.
    static func withoutModel() -> KerasError {
        KerasError(
            .mismatch, "this file holds weights without a model", expected: "a whole model, or the model's JSON with this as its weights")
    }

    /// A model without weights from `to_json`'s text.
    ///
    /// - Parameter version: which Keras wrote it, where that stands beside the text.
    package static func architecture(_ json: JSON, version: KerasVersion? = nil, registry: LayerRegistry = .keras) throws -> SavedModel {
        let version = version ?? json["keras_version"]?.string.map(KerasVersion.init)
        let isOld = Keras1.speaks(json, version: version)
        let json = isOld ? try Keras1.translated(json) : json
        let dialect = isOld ? .keras2 : Dialect(kerasVersion: version, architecture: json)
        var origin = Origin(dialect: dialect, kerasVersion: version, backend: json["backend"]?.string)
        origin.configuration = Origin.Configuration(json, .json)
        let root = try ModelConfigReader.read(json, in: DecodingContext(origin, registry: registry))
        var training: TrainingConfiguration?
        if let compiled = json["compile_config"], compiled.object?.isEmpty == false {
            training = TrainingConfiguration(compiled, dialect: dialect)
        }
        return SavedModel(root: root, weights: [:], training: training, origin: origin, warnings: unknownKeys(of: root))
    }

    /// A warning for each layer with keys that mean nothing to this version.
    static func unknownKeys(of root: ModelLayer) -> [String] {
        func visit(_ layer: any Layer, _ path: String) -> [String] {
            let place = path.isEmpty ? layer.name : "\(path)/\(layer.name)"
            let keys = layer.base.unknownKeys.keys
            let own =
                keys.isEmpty
                ? [] : ["layer '\(place)': unknown key\(keys.count == 1 ? "" : "s") " + keys.map { "'\($0)'" }.joined(separator: ", ")]
            return own + layer.children.flatMap { visit($0.layer, place) }
        }
        return root.children.flatMap { visit($0.layer, "") }
    }
}

extension Dialect {
    /// Which Keras wrote a configuration: by its version, or else by words that only one of them has. Keras 1's words are Keras 2's by now
    /// (``Keras1``).
    init(kerasVersion: KerasVersion?, architecture: JSON) {
        if let version = kerasVersion {
            switch (version.major, version.minor) {
            case (3..., _): self = .keras3
            // Standalone Keras ended with 2.3; tf.keras of TensorFlow 1 and 2.0–2.2 marks itself.
            case (2, ...3) where !version.text.contains("tf"), (..<2, _): self = .keras2
            default: self = .tfKeras
            }
        } else if ["module", "compile_config", "build_config"].contains(where: { architecture[$0] != nil }) {
            self = .keras3
        } else {
            // A model's words without what Keras adds to them when it writes a text.
            self =
                Dialect.mentions(["batch_shape", "registered_name"], in: architecture)
                ? .keras3 : Dialect.mentions(["ragged", "groups", "time_major"], in: architecture) ? .tfKeras : .keras2
        }
    }

    private static func mentions(_ keys: [String], in json: JSON) -> Bool {
        if let object = json.object { return keys.contains(where: object.contains) || object.values.contains { mentions(keys, in: $0) } }
        return json.array?.contains { mentions(keys, in: $0) } ?? false
    }
}

extension DecodingContext {
    /// Keras 3's JSON does not say on what it ran; it is taken for TensorFlow, Keras's own default.
    init(_ origin: Origin, registry: LayerRegistry) {
        let isRecent = !(origin.kerasVersion?.isBefore(3, 7) ?? false)
        let isTensorFlow = (origin.backend ?? "tensorflow") == "tensorflow"
        self.init(dialect: origin.dialect, registry: registry, addsBiasAsTensorFlow: origin.dialect == .keras3 && isRecent && isTensorFlow)
    }
}

extension TrainingConfiguration {
    /// From `training_config` or `compile_config`.
    init(_ json: JSON, dialect: Dialect) {
        self.init(
            dialect: dialect, loss: json["loss"] ?? nil, lossWeights: json["loss_weights"] ?? nil, metrics: json["metrics"] ?? nil,
            weightedMetrics: json["weighted_metrics"] ?? nil, optimizer: json["optimizer_config"] ?? json["optimizer"] ?? nil)
        source = json.object
    }
}
