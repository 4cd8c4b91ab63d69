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
        case .json: return try architecture(try bytes.withUnsafeBytes { try JSON(parsing: $0) }, registry: registry)
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

    /// A model without weights from `to_json`'s text.
    ///
    /// - Parameter version: which Keras wrote it, where that stands beside the text.
    package static func architecture(_ json: JSON, version: KerasVersion? = nil, registry: LayerRegistry = .keras) throws -> SavedModel {
        let version = version ?? json["keras_version"]?.string.map(KerasVersion.init)
        let dialect = try Dialect(kerasVersion: version, architecture: json)
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
    /// Which Keras wrote a configuration: by its version, or else by words that only one of them has.
    ///
    /// - Throws: `unsupported` for Keras 1.
    init(kerasVersion: KerasVersion?, architecture: JSON) throws {
        if let version = kerasVersion {
            switch (version.major, version.minor) {
            case (3..., _): self = .keras3
            // Standalone Keras ended with 2.3; tf.keras of TensorFlow 1 and 2.0–2.2 marks itself.
            case (2, ...3) where !version.text.contains("tf"): self = .keras2
            case (2, _): self = .tfKeras
            default: throw KerasError(.unsupported, "files of Keras 1 are not read yet", found: "keras_version \(version.text)")
            }
        } else if architecture["module"] != nil || architecture["compile_config"] != nil || architecture["build_config"] != nil {
            self = .keras3
        } else {
            throw KerasError(.unsupported, "no keras_version is given, as before Keras 1.1, whose files are not read yet")
        }
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
