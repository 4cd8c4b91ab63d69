import JSON
import KerasModel
import Tensors

/// What a model was compiled with, for the `training_config` of an `.h5`.
struct TrainingWriter {
    private let training: TrainingConfiguration
    private let target: SaveTarget
    private let options: SaveOptions
    private let outputNames: [String]
    /// Nil where shapes are not known.
    private let built: BuiltModel?
    /// True for a `.keras`, false for the `training_config` of an `.h5`.
    private let isArchive: Bool

    init(_ training: TrainingConfiguration, of model: SavedModel, _ options: SaveOptions, isArchive: Bool = false) {
        self.isArchive = isArchive
        self.training = training
        self.options = options
        target = options.target
        outputNames = model.root.architecture.outputNames
        built = try? BuiltModel(model.root)
    }

    /// In an `.h5` tf.keras names classes that it does not find by their names in a `.keras`.
    private var saysAnew: Bool { isArchive && target == .tfKeras }

    /// True if what is written is for those who wrote what was read.
    private var isSame: Bool { !saysAnew && target != .universal && training.dialect == target.dialect }

    /// Nil if the target cannot take it, which is told: the model is none the worse.
    func config() throws -> JSON? {
        do {
            return isSame ? try same() : try translated()
        } catch let error as KerasError {
            for problem in error.problems { options.notes.add("the model is written uncompiled: \(problem)") }
            return nil
        }
    }

    /// The optimizer's state as those who read the file keep it; else that it is left out is told.
    ///
    /// - Parameter config: what is written of the training.
    func state(for config: JSON) -> [(name: String, tensor: Tensor)] {
        guard !training.optimizerVariables.isEmpty, !options.stripsOptimizer else { return [] }
        // Keras 3 cannot train a model again whose state it finds in an .h5, its own neither: those files go back as they came, and what was
        // trained here leaves it out.
        if isSame, !training.restoresOptimizer, target != .keras3 || !training.hasGoneOn { return training.optimizerVariables }
        if target != .universal, target != .keras3, let optimizer = config["optimizer_config"], let built,
            let carried = try? training.variables(asIn: target.dialect, optimizer, of: built)
        {
            training.tellLostScale(built, options)
            return carried
        }
        let reason =
            switch target {
            case .universal: "no form of it is read by every Keras"
            case .keras3: "Keras 3 does not go on with one from an .h5; a .keras keeps it"
            case .tfKeras, .keras2: "\(target.rawValue) keeps it in another form"
            }
        options.notes.add("the optimizer's state is left out: \(reason)")
        return []
    }

    private func same() throws -> JSON {
        var config =
            training.source ?? [
                "loss": training.loss, "loss_weights": training.lossWeights, "metrics": training.metrics,
                "weighted_metrics": training.weightedMetrics,
            ]
        // In a `.keras` it stands under another key.
        config["optimizer_config"] = training.optimizer
        config.removeValue(forKey: "optimizer")
        if target == .keras3 { config["loss"] = try tree(training.loss, canonicalLoss) }
        return .object(config)
    }

    private func translated() throws -> JSON {
        let context = EncodingContext(target: target, namesModules: isArchive, losses: options.losses)
        if LossScale.isRound(training.optimizer), target == .universal || target == .keras2 {
            options.notes.add("the loss is not scaled there: \(context.reader) has no LossScaleOptimizer")
        }
        var config: JSONObject = ["optimizer_config": try OptimizerWords.translate(training.optimizer, from: training.dialect, to: context)]
        config["loss"] = try tree(training.loss) { try self.loss($0, context) }
        config["metrics"] = try metrics(training.metrics, context)
        if target != .keras2 { config["weighted_metrics"] = try metrics(training.weightedMetrics, context) }
        config["loss_weights"] = training.lossWeights
        if target == .keras2 || target == .universal { config["sample_weight_mode"] = JSON.null }
        if target == .keras3 {
            config["run_eagerly"] = false
            config["steps_per_execution"] = 1
            config["jit_compile"] = false
        }
        return .object(config)
    }

    /// Keras 3 cannot read the short names that it writes.
    private func canonicalLoss(_ json: JSON) throws -> JSON {
        guard json.string != nil else { return json }
        let context = DecodingContext(dialect: training.dialect, registry: .keras)
        guard let loss = try? Loss(config: json, in: context) else { return json }
        return .string(loss.functionName)
    }

    private func loss(_ json: JSON, _ context: EncodingContext) throws -> JSON {
        let loss = try Loss(config: json, in: DecodingContext(dialect: training.dialect, registry: .keras))
        // Keras 3's name of a function is known to every tf.keras; the older names not to Keras 3.
        return context.isUniversal ? try loss.config(in: EncodingContext(dialect: .keras3), for: [.tfKeras]) : try loss.config(in: context)
    }

    /// One list for one output; a list of lists, in the model's order, for several.
    private func metrics(_ json: JSON, _ context: EncodingContext) throws -> JSON {
        if json.isNull { return nil }
        if outputNames.count == 1 {
            let items = json.object.flatMap { $0["class_name"] == nil ? Array($0.values) : nil } ?? [json]
            return .array(try items.flatMap(flat).map { try metric($0, 0, context) })
        }
        if let object = json.object, object["class_name"] == nil {
            return .array(
                try outputNames.enumerated().map { index, name in
                    .array(try flat(object[name] ?? nil).map { try metric($0, index, context) })
                })
        }
        let lists = json.array ?? []
        // Before Keras 3 one flat list serves every output.
        let isFlat = training.dialect != .keras3 && !lists.contains { $0.array != nil }
        return .array(
            try outputNames.indices.map { index in
                let own = isFlat ? json : lists.indices.contains(index) ? lists[index] : nil
                return .array(try flat(own).map { try metric($0, index, context) })
            })
    }

    private func flat(_ json: JSON) -> [JSON] { json.isNull ? [] : json.array?.flatMap(flat) ?? [json] }

    /// By name, with what it is reported as where that is another.
    private func metric(_ json: JSON, _ output: Int, _ context: EncodingContext) throws -> JSON {
        let place = built.map { model in
            MetricPlace(
                output: outputNames.count > 1 ? outputNames[output] : nil, shape: model.outputShapes[output], loss: loss(of: output))
        }
        return try Metric.translated(json, from: training.dialect, to: context, at: place, isStored: !isArchive)
    }

    /// What an output is trained for; nil if that is not known.
    private func loss(of output: Int) -> Loss? {
        var json: JSON? = training.loss
        if let items = training.loss.array {
            json = items.indices.contains(output) ? items[output] : nil
        } else if let object = training.loss.object, object["class_name"] == nil {
            json = object[outputNames[output]]
        }
        guard let json, !json.isNull else { return nil }
        return try? Loss(config: json, in: DecodingContext(dialect: training.dialect, registry: .keras))
    }

    /// Each loss of one, a list, or a dictionary by output.
    private func tree(_ json: JSON, _ body: (JSON) throws -> JSON) throws -> JSON {
        if json.isNull { return json }
        if let items = json.array { return .array(try items.map { try tree($0, body) }) }
        if let object = json.object, object["class_name"] == nil { return .object(try object.mapValues { try tree($0, body) }) }
        return try body(json)
    }
}
