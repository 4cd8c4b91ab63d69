import HDF5
import JSON
import KerasModel
import Tensors

/// A whole model in the layout of every Keras's `.h5`: the configuration in root attributes, the weights in `model_weights`.
enum LegacyModel {
    /// - Throws: everything that is wrong: `malformed`, `mismatch`, `unsupported`.
    static func read(_ file: HDF5File, registry: LayerRegistry) throws -> SavedModel {
        let root = file.root
        guard let config = try root.attribute("model_config") else {
            throw try notAModel(root)
        }
        var json = try KerasError.placing(Place(object: "/@model_config")) { try JSON(parsing: try config.string()) }
        let weights = try root.group("model_weights")
        let version = try root.attribute("keras_version").map { KerasVersion(try $0.string()) }
        let backend = try root.attribute("backend")?.string() ?? weights.attribute("backend")?.string()
        let stored = try LegacyWeights(weights)
        let isOld = stored.isKeras1 || Keras1.speaks(json, version: version)
        if isOld { json = try Keras1.translated(json, storage: stored.shapes) }
        let dialect = isOld ? .keras2 : Dialect(kerasVersion: version, architecture: json)
        var origin = Origin(dialect: dialect, kerasVersion: version ?? (isOld ? KerasVersion("1") : nil), backend: backend)
        origin.configuration = Origin.Configuration(json, .hdf5)
        var model = try ModelConfigReader.read(json, in: DecodingContext(origin, registry: registry))
        try stored.fillOpaqueLayers(of: &model)
        let built = try BuiltModel(model)
        let tensors = try stored.read(into: built, names: &origin.weightNames)
        origin.holdsBFloat16 = tensors.values.contains { $0.dtype == .bfloat16 }
        var saved = SavedModel(root: model, weights: tensors, origin: origin, warnings: ModelFile.unknownKeys(of: model))
        saved.warnings += stored.warnings(for: built)
        saved.origin?.extras.attributes = try extras(root, &saved.warnings)
        if let training = try root.attribute("training_config") {
            let json = try KerasError.placing(Place(object: "/@training_config")) { try JSON(parsing: try training.string()) }
            saved.training = TrainingConfiguration(json, dialect: dialect)
            do {
                saved.training?.optimizerVariables = try stored.optimizer(optimizerVariables(root), of: built)
            } catch let error as KerasError where !error.isOfResources {
                // Keras 3 before 3.10 could fail halfway through Ftrl's and Adagrad's; the model is none the worse.
                saved.warnings += error.problems.map { "the optimizer's state is left out: \($0)" }
            }
        }
        return saved
    }

    /// What stands at the root beside what every Keras writes there: the attributes; of members it is told that they are left out.
    private static func extras(_ root: HDF5Group, _ warnings: inout [String]) throws -> [(name: String, value: Origin.Attribute)] {
        let others = try root.names().filter { !["model_weights", "optimizer_weights"].contains($0) }
        if !others.isEmpty { warnings.append("what no Keras has in such a file is left out: " + list(others)) }
        var unread: [String] = []
        let known: Set = ["model_config", "keras_version", "backend", "training_config"]
        let found = try root.attributeNames().filter { !known.contains($0) }.compactMap { name in
            let value = try root.attribute(name)?.kept()
            if value == nil { unread.append(name) }
            return value.map { (name, $0) }
        }
        if !unread.isEmpty { warnings.append("attributes of a kind that is not read are left out: " + list(unread)) }
        return found
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(4).map { "'\($0)'" }.joined(separator: ", ") + (names.count > 4 ? ", …" : "")
    }

    private static func notAModel(_ root: HDF5Group) throws -> KerasError {
        let names = try root.attributeNames() + root.names()
        let isWeights =
            try ["layer_names", "layer_names0", "nb_layers"].contains(where: names.contains) || PathVariables.isLayout(of: root)
        return isWeights
            ? ModelFile.withoutModel()
            : KerasError(
                .unsupported, "this HDF5 file is not a model as Keras writes it", found: names.prefix(6).joined(separator: ", "),
                expected: "the attribute 'model_config'")
    }

    private static func optimizerVariables(_ root: HDF5Group) throws -> [(name: String, tensor: Tensor)] {
        guard try root.contains("optimizer_weights") else { return [] }
        let group = try root.group("optimizer_weights")
        return try group.stringList("weight_names").map { ($0, try group.dataset($0).tensor()) }
    }
}

extension HDF5Attribute {
    /// Its value, whatever it means; nil for what is not read.
    fileprivate func kept() throws -> Origin.Attribute? {
        switch datatype.kind {
        case .variableText:
            guard let texts = try KerasError.orNil({ try strings() }) else { return nil }
            return shape.rank == 0 && texts.count == 1 ? .text(texts[0]) : shape.rank == 1 ? .texts(texts) : nil
        case .numbers, .fixedText: return try KerasError.orNil { .tensor(try tensor()) }
        case .opaque, .other: return nil
        }
    }
}

extension Origin.Attribute {
    /// As h5py writes it: text beyond ASCII is what Python's `str` was.
    var draft: HDF5DraftValue {
        switch self {
        case .text(let text): text.utf8.allSatisfy { $0 < 0x80 } ? .text(text) : .unicode(text)
        case .texts(let list): .texts(list)
        case .tensor(let tensor): .tensor(tensor)
        }
    }
}
