import JSON
import KerasModel
import Tensors

/// An optimizer's settings from one Keras's words into another's.
///
/// The settings are those of `training_config`: `{"class_name": …, "config": …}`. What they do is the runtime's matter; here only names and
/// defaults change, and what the target lacks is told.
struct OptimizerWords {
    /// One kind of optimizer. What its settings are, and what a file means that leaves one out, its algorithm says.
    private struct Kind {
        let className: String
        let algorithm: any OptimizerAlgorithm
        /// Standalone Keras 2 has it.
        var isOld = true
        /// TensorFlow before 2.11 has it, whose classes tf_keras still takes and Keras 3 reads.
        var isLegacy = true
    }

    private static let kinds: [Kind] = [
        Kind(className: "SGD", algorithm: SGD()),
        Kind(className: "RMSprop", algorithm: RMSprop()),
        Kind(className: "Adagrad", algorithm: Adagrad()),
        Kind(className: "Adadelta", algorithm: Adadelta()),
        Kind(className: "Adam", algorithm: Adam()),
        Kind(className: "Adamax", algorithm: Adamax()),
        Kind(className: "Nadam", algorithm: Nadam()),
        Kind(className: "Ftrl", algorithm: Ftrl(), isOld: false),
        Kind(className: "AdamW", algorithm: Adam(), isOld: false, isLegacy: false),
        Kind(className: "Lion", algorithm: Lion(), isOld: false, isLegacy: false),
    ]

    /// What Keras 2 has no setting for, and does as this value says.
    private static let fixedInKeras2: [String: JSON] = ["initial_accumulator_value": 0.0, "momentum": 0.0, "centered": false]

    private let kind: Kind
    private let read: JSONObject
    private let source: Dialect
    private let context: EncodingContext

    /// The optimizer for the readers of `context`.
    ///
    /// - Throws: `unsupported` for what they lack.
    static func translate(_ json: JSON, from source: Dialect, to context: EncodingContext) throws -> JSON {
        if LossScale.isRound(json) { return try scaled(json, from: source, to: context) }
        guard let name = json["class_name"]?.string ?? json.string else {
            throw KerasError(.unsupported, "the optimizer is not named", found: json.summary)
        }
        // TensorFlow marks classes that are registered by name.
        let plain = String(name.split(separator: ">").last ?? "").lowercased()
        guard let kind = kinds.first(where: { $0.className.lowercased() == plain }) else {
            throw KerasError(.unsupported, "this optimizer cannot be said for another Keras", found: "'\(name)'")
        }
        let words = OptimizerWords(kind: kind, read: json["config"]?.object ?? [:], source: source, context: context)
        return try words.written()
    }

    /// One that scales the loss for another. Who has no such class, or not under one name for all, gets the other alone; Keras 3 and tf.keras scale
    /// by themselves where a model's policy is `mixed_float16`.
    private static func scaled(_ json: JSON, from source: Dialect, to context: EncodingContext) throws -> JSON {
        let scale = try LossScale(round: json, in: DecodingContext(dialect: source, registry: .keras))
        var inner = try translate(LossScale.inner(of: json), from: source, to: context)
        guard !context.isUniversal, context.dialect != .keras2 else { return inner }
        let isKeras3 = context.dialect == .keras3
        if isKeras3, !scale.isOptimizer, var object = inner.object, var config = object["config"]?.object {
            config["loss_scale_factor"] = .float(scale.initial)
            object["config"] = .object(config)
            return .object(object)
        }
        inner = named(inner)
        let steps = scale.growthSteps.map { JSON.integer($0) } ?? .null
        var config: JSONObject = isKeras3 ? ["name": "loss_scale_optimizer", "inner_optimizer": inner] : ["inner_optimizer": inner]
        if !isKeras3 { config["dynamic"] = .bool(scale.isOptimizer) }
        config["initial_scale"] = .float(scale.initial)
        config["dynamic_growth_steps"] = steps
        return ["class_name": isKeras3 ? "LossScaleOptimizer" : "LossScaleOptimizerV3", "config": .object(config)]
    }

    /// With the module that a `.keras` names, where classes are found by their very names: an `.h5` may say `adam`, as people do.
    static func named(_ optimizer: JSON) -> JSON {
        guard let name = optimizer["class_name"]?.string, optimizer["module"] == nil else { return optimizer }
        // An `.h5` of tf.keras marks its optimizers as registered ones, which they are not.
        let said = String(name.split(separator: ">").last ?? "")
        let plain = Optimizer.className(of: said) ?? said
        // The one class that tf_keras registers by its place.
        let isOfTFKeras = LossScale.isRound(optimizer) && optimizer["config"]?["dynamic"] != nil
        return [
            "module": isOfTFKeras ? "tf_keras.src.mixed_precision.loss_scale_optimizer" : "keras.optimizers", "class_name": .string(plain),
            "config": optimizer["config"] ?? [:], "registered_name": isOfTFKeras ? .string(plain) : nil,
        ]
    }

    private func written() throws -> JSON {
        if context.isUniversal { return try universal() }
        switch context.dialect {
        case .keras2: return try keras2()
        case .tfKeras: return try tfKeras()
        case .keras3: return try keras3()
        }
    }

    // MARK: What was read

    /// A number, or a schedule.
    private var rate: JSON { read["learning_rate"] ?? read["lr"] ?? 0.001 }

    /// Keras 2 and TensorFlow before 2.11 divide the rate by `1 + decay · steps`.
    /// In TensorFlow's Nadam it is that of its momentum's schedule.
    private var decay: Double { kind.className == "Nadam" ? 0 : read["decay"]?.number ?? 0 }

    private func value(_ key: String, _ standard: JSON) -> JSON {
        if let value = read[key], !value.isNull { return value }
        return source == .keras2 ? OptimizerWords.fixedInKeras2[key] ?? standard : standard
    }

    private func settings() throws -> JSONObject {
        let defaults = try kind.algorithm.settings(in: EncodingContext(dialect: .keras3))
        return JSONObject(defaults.map { ($0.key, value($0.key, $0.value)) })
    }

    /// The rate with its decay as a schedule that does the same.
    private func scheduledRate() throws -> JSON {
        guard decay != 0 else { return schedule(rate) }
        guard let start = rate.number else {
            throw KerasError(.unsupported, "a schedule cannot decay besides", at: Place(key: "decay"), found: "\(decay)")
        }
        return schedule([
            "class_name": "InverseTimeDecay",
            "config": [
                "initial_learning_rate": .float(start), "decay_steps": 1, "decay_rate": .float(decay), "staircase": false,
                "name": "InverseTimeDecay",
            ],
        ])
    }

    private func schedule(_ json: JSON) -> JSON {
        guard let name = json["class_name"], let config = json["config"] else { return json }
        guard context.dialect == .keras3 || context.isUniversal else { return ["class_name": name, "config": config] }
        return ["module": "keras.optimizers.schedules", "class_name": name, "config": config, "registered_name": nil]
    }

    /// - Throws: `unsupported`, unless it is to be left out, for each of `keys` that is set.
    private func refuse(_ keys: [String], _ reader: String) throws {
        for key in keys {
            guard let value = read[key], !value.isNull, value != false, value != 0 else { continue }
            try context.leaveOut(
                KerasError(.unsupported, "\(kind.className) has no such setting in \(reader)", at: Place(key: key), found: value.summary))
        }
    }

    // MARK: What is written

    private func keras3() throws -> JSON {
        let names = ["RMSprop": "rmsprop", "AdamW": "adamw"]
        var config: JSONObject = [
            "name": .string(names[kind.className] ?? kind.className.lowercased()), "learning_rate": try scheduledRate(),
            "weight_decay": kind.className == "AdamW" ? value("weight_decay", 0.004) : read["weight_decay"] ?? nil,
        ]
        for key in ["clipnorm", "global_clipnorm", "clipvalue"] { config[key] = read[key] ?? JSON.null }
        addAverages(&config)
        config["loss_scale_factor"] = read["loss_scale_factor"] ?? JSON.null
        config["gradient_accumulation_steps"] = read["gradient_accumulation_steps"] ?? JSON.null
        for (key, value) in try settings() { config[key] = value }
        return ["class_name": .string(kind.className), "config": .object(config)]
    }

    private func addAverages(_ config: inout JSONObject) {
        config["use_ema"] = read["use_ema"] ?? false
        config["ema_momentum"] = read["ema_momentum"] ?? 0.99
        config["ema_overwrite_frequency"] = read["ema_overwrite_frequency"] ?? JSON.null
    }

    private func tfKeras() throws -> JSON {
        try refuse(["loss_scale_factor", "gradient_accumulation_steps"], "tf.keras")
        var config: JSONObject = [
            "name": .string(kind.className),
            "weight_decay": kind.className == "AdamW" ? value("weight_decay", 0.004) : read["weight_decay"] ?? nil,
        ]
        for key in ["clipnorm", "global_clipnorm", "clipvalue"] { config[key] = read[key] ?? JSON.null }
        addAverages(&config)
        config["jit_compile"] = false
        config["is_legacy_optimizer"] = false
        config["learning_rate"] = try scheduledRate()
        for (key, value) in try settings() { config[key] = value }
        return ["class_name": .string("Custom>" + kind.className), "config": .object(config)]
    }

    private func keras2() throws -> JSON {
        guard kind.isOld else { throw KerasError(.unsupported, "Keras 2 has no such optimizer", found: kind.className) }
        guard rate.number != nil else {
            throw KerasError(.unsupported, "Keras 2 has no schedules", at: Place(key: "learning_rate"), found: rate.summary)
        }
        try refuse(["weight_decay", "use_ema", "global_clipnorm", "loss_scale_factor", "gradient_accumulation_steps"], "Keras 2")
        var config: JSONObject = ["lr": rate]
        for (key, value) in try settings() {
            if kind.className != "SGD", let fixed = OptimizerWords.fixedInKeras2[key] {
                guard value == fixed || value.number == fixed.number && fixed.number != nil else {
                    try context.leaveOut(
                        KerasError(
                            .unsupported, "Keras 2's \(kind.className) has no such setting", at: Place(key: key), found: value.summary,
                            expected: fixed.summary))
                    continue
                }
                continue
            }
            config[key] = value
        }
        if kind.className == "Nadam" {
            config["schedule_decay"] = read["schedule_decay"] ?? 0.004
        } else {
            config["decay"] = .float(decay)
        }
        for key in ["clipnorm", "clipvalue"] {
            if let value = read[key], !value.isNull { config[key] = value }
        }
        return ["class_name": .string(kind.className), "config": .object(config)]
    }

    /// The words that TensorFlow 1.15 to 2.15, tf_keras and Keras 3 share.
    private func universal() throws -> JSON {
        guard kind.isLegacy else {
            throw KerasError(.unsupported, "not every Keras has this optimizer", found: kind.className)
        }
        try refuse(["weight_decay", "use_ema", "loss_scale_factor", "gradient_accumulation_steps"], "every Keras")
        var config: JSONObject = ["name": .string(kind.className), "learning_rate": try scheduledRate()]
        for (key, value) in try settings() { config[key] = value }
        for key in ["clipnorm", "clipvalue", "global_clipnorm"] {
            if let value = read[key], !value.isNull { config[key] = value }
        }
        return ["class_name": .string(kind.className), "config": .object(config)]
    }
}
