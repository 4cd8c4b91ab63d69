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
        var saved = SavedModel(root: model, weights: tensors, origin: origin, warnings: ModelFile.unknownKeys(of: model))
        saved.warnings += stored.warnings(for: built)
        if let training = try root.attribute("training_config") {
            let json = try KerasError.placing(Place(object: "/@training_config")) { try JSON(parsing: try training.string()) }
            saved.training = TrainingConfiguration(json, dialect: dialect)
            do {
                saved.training?.optimizerVariables = try stored.optimizer(optimizerVariables(root), of: built)
            } catch let error as KerasError {
                // Keras 3 before 3.10 could fail halfway through Ftrl's and Adagrad's; the model is none the worse.
                saved.warnings += error.problems.map { "the optimizer's state is left out: \($0)" }
            }
        }
        return saved
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
