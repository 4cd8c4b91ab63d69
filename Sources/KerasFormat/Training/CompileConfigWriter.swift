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
        options.target == .tfKeras && !training.restoresOptimizer
            && LossScale.inner(of: optimizer)["config"]?["is_legacy_optimizer"] != false
    }

    private func optimizer(_ json: JSON) throws -> JSON {
        var optimizer = json
        if isLegacy(json) {
            optimizer = try OptimizerWords.translate(json, from: training.dialect, to: EncodingContext(target: options.target))
        }
        return OptimizerWords.named(optimizer)
    }

    /// The optimizer's variables in the order of those who read them; nil if there are none or they are not wanted, or if these keep something
    /// else, which is told.
    func state() -> OptimizerVariables? {
        guard !training.optimizerVariables.isEmpty, !options.stripsOptimizer else { return nil }
        let built = try? BuiltModel(model.root)
        if isSame, training.restoresOptimizer { return OptimizerVariables(training, of: built) }
        if let optimizer = try? config()?["optimizer"], let built,
            let carried = try? training.variables(asIn: options.target.dialect, optimizer, of: built)
        {
            training.tellLostScale(built, options)
            let kept = TrainingConfiguration(dialect: options.target.dialect, optimizer: optimizer, optimizerVariables: carried)
            return OptimizerVariables(kept, of: built)
        }
        options.notes.add("the optimizer's state is left out: \(options.target.rawValue) keeps it in another form")
        return nil
    }
}

/// What an optimizer keeps, as the objects of a `.keras` hold it.
struct OptimizerVariables {
    let name: String?
    let variables: [Tensor]
    /// Where it scales the loss for another one: that one's name, and which of the variables are that one's, which Keras stores again.
    let inner: (name: String?, variables: [Tensor])?

    fileprivate init(_ training: TrainingConfiguration, of built: BuiltModel?) {
        let variables = training.optimizerVariables.map(\.tensor)
        let own = LossScale.inner(of: training.optimizer)["config"]?["name"]?.string
        self.variables = variables
        if let start = built.flatMap(training.innerStart) {
            // Keras names the one it makes itself so.
            name = LossScale.isRound(training.optimizer) ? training.optimizer["config"]?["name"]?.string : "loss_scale_optimizer"
            inner = (own, Array(variables.dropFirst(start)))
        } else {
            (name, inner) = (own, nil)
        }
    }
}

extension TrainingConfiguration {
    /// Tells that the loss's scale as training has moved it does not come along.
    func tellLostScale(_ built: BuiltModel, _ options: SaveOptions) {
        guard dialect == .keras3, options.target == .tfKeras, (try? optimizer(for: built))?.lossScale?.isOptimizer == true else { return }
        options.notes.add("the loss's scale begins anew: tf.keras keeps it in no file")
    }
}
