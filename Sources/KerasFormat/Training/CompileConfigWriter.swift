import JSON
import KerasModel
import Tensors

/// What a model was compiled with, for the `compile_config` of a `.keras`, and the optimizer's state as it stands there.
struct CompileConfigWriter {
    private let model: SavedModel
    private let training: TrainingConfiguration
    private let options: SaveOptions

    /// Nil for a model that is not compiled.
    init?(_ model: SavedModel, _ options: SaveOptions) {
        guard let training = model.training else { return nil }
        (self.model, self.training, self.options) = (model, training, options)
    }

    /// True if what is written is for those who wrote what was read.
    private var isSame: Bool { training.dialect == options.target.dialect }

    /// Nil if the target cannot take it, which is told.
    func config() throws -> JSON? {
        if isSame, training.restoresOptimizer, var source = training.source {
            // From such a file: word for word. A missing optimizer stays missing: Keras loses it itself where a model was saved as .h5 before.
            if !training.optimizer.isNull { source["optimizer"] = training.optimizer }
            return .object(source)
        }
        let writer = TrainingWriter(training, of: model, options, isArchive: true)
        guard let written = try writer.config()?.object else { return nil }
        var config: JSONObject = ["optimizer": try optimizer(written["optimizer_config"] ?? nil)]
        for key in ["loss", "metrics", "loss_weights", "weighted_metrics"] { config[key] = written[key] ?? JSON.null }
        for key in ["run_eagerly", "steps_per_execution", "jit_compile"] {
            if let value = written[key] { config[key] = value }
        }
        return .object(config)
    }

    /// True for the optimizers of TensorFlow before 2.11, which no `.keras` has the state of.
    private func isLegacy(_ optimizer: JSON) -> Bool {
        options.target == .tfKeras && !training.restoresOptimizer && optimizer["config"]?["is_legacy_optimizer"] != false
    }

    private func optimizer(_ json: JSON) throws -> JSON {
        var optimizer = json
        if isLegacy(json) {
            optimizer = try OptimizerWords.translate(json, from: training.dialect, to: EncodingContext(target: options.target))
        }
        guard let name = optimizer["class_name"]?.string, optimizer["module"] == nil else { return optimizer }
        // An `.h5` of tf.keras marks its optimizers as registered ones, which they are not.
        let plain = String(name.split(separator: ">").last ?? "")
        return [
            "module": "keras.optimizers", "class_name": .string(plain), "config": optimizer["config"] ?? [:], "registered_name": nil,
        ]
    }

    /// The optimizer's variables in the order of those who read them, and its name; nil if there are none or they are not wanted, or if these keep
    /// something else, which is told.
    func state() -> (variables: [Tensor], name: String?)? {
        guard !training.optimizerVariables.isEmpty, !options.stripsOptimizer else { return nil }
        if isSame, training.restoresOptimizer {
            return (training.optimizerVariables.map(\.tensor), training.optimizer["config"]?["name"]?.string)
        }
        if let optimizer = try? config()?["optimizer"], let built = try? BuiltModel(model.root),
            let carried = try? training.variables(asIn: options.target.dialect, optimizer, of: built)
        {
            return (carried.map(\.tensor), optimizer["config"]?["name"]?.string)
        }
        options.notes.add("the optimizer's state is left out: \(options.target.rawValue) keeps it in another form")
        return nil
    }
}
