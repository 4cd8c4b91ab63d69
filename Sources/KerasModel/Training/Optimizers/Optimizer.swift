import JSON
import Tensors

/// How training moves the weights: an algorithm, its rate, and what is done to every gradient and every weight round it.
///
/// Defaults are Keras 3's. Keras: `keras.optimizers.Optimizer`.
public struct Optimizer: Sendable {
    public var algorithm: any OptimizerAlgorithm
    public var learningRate: Double
    /// The rates of the steps, in place of ``learningRate``, which then is the first one.
    public var schedule: (any LearningRateSchedule)?
    /// The rate of step t is `learningRate / (1 + decay · t)`, before TensorFlow 2.11. Keras: `decay`.
    public var decay = 0.0
    public var clipping: Clipping?
    /// So much of each weight is taken off before a step, times the rate. Keras: `weight_decay`.
    public var weightDecay: Double?
    public var average: Average?
    /// Weights are moved every so many steps, by the mean of the gradients since; at least 2. Keras 3: `gradient_accumulation_steps`.
    public var gradientAccumulationSteps: Int?
    public var lossScale: LossScale?
    /// Where it is not the algorithm's: `AdamW`.
    var className: String?

    public enum Clipping: Hashable, Sendable {
        /// Of each variable's gradient. Keras: `clipnorm`.
        case norm(Double)
        /// Of all gradients together. Keras: `global_clipnorm`, and `clipnorm` in Keras 2.
        case globalNorm(Double)
        /// Of each number. Keras: `clipvalue`.
        case value(Double)
    }

    /// A running mean of the weights. Keras: `use_ema`.
    public struct Average: Hashable, Sendable {
        /// Keras: `ema_momentum`.
        public var momentum: Double
        /// After so many steps the weights are set to it. Keras: `ema_overwrite_frequency`.
        public var overwriteFrequency: Int?
        /// Whether the mean begins with the weights before the first step, as in TensorFlow 2.11 and later, or after it, as in Keras 3.
        public var countsFirstWeights = false

        public init(momentum: Double = 0.99, overwriteFrequency: Int? = nil) {
            self.momentum = momentum
            self.overwriteFrequency = overwriteFrequency
        }
    }

    public init(_ algorithm: some OptimizerAlgorithm, learningRate: Double? = nil) {
        self.algorithm = algorithm
        self.learningRate = learningRate ?? type(of: algorithm).learningRate
    }

    /// The same with rates that hang on the step: `.sgd(momentum: 0.9).scheduled(CosineDecay(initialLearningRate: 0.1, decaySteps: 1000))`.
    public func scheduled(_ schedule: some LearningRateSchedule) -> Optimizer {
        var optimizer = self
        optimizer.schedule = schedule
        optimizer.learningRate = schedule.initialLearningRate
        return optimizer
    }

    /// The same with the equations of a generation.
    public func following(_ rules: OptimizerRules) -> Optimizer {
        var optimizer = self
        optimizer.algorithm.adopt(rules)
        return optimizer
    }
}

extension Optimizer {
    public static let sgd = Optimizer(SGD())
    public static func sgd(learningRate: Double = SGD.learningRate, momentum: Double = 0, nesterov: Bool = false) -> Optimizer {
        Optimizer(SGD(momentum: momentum, nesterov: nesterov), learningRate: learningRate)
    }
    public static let rmsprop = Optimizer(RMSprop())
    public static func rmsprop(
        learningRate: Double = RMSprop.learningRate, rho: Double = 0.9, momentum: Double = 0, epsilon: Double = 1e-7, centered: Bool = false
    ) -> Optimizer {
        Optimizer(RMSprop(rho: rho, momentum: momentum, epsilon: epsilon, centered: centered), learningRate: learningRate)
    }
    public static let adagrad = Optimizer(Adagrad())
    public static func adagrad(
        learningRate: Double = Adagrad.learningRate, initialAccumulatorValue: Double = 0.1, epsilon: Double = 1e-7
    ) -> Optimizer {
        Optimizer(Adagrad(initialAccumulatorValue: initialAccumulatorValue, epsilon: epsilon), learningRate: learningRate)
    }
    public static let adadelta = Optimizer(Adadelta())
    public static func adadelta(learningRate: Double = Adadelta.learningRate, rho: Double = 0.95, epsilon: Double = 1e-7) -> Optimizer {
        Optimizer(Adadelta(rho: rho, epsilon: epsilon), learningRate: learningRate)
    }
    public static let adam = Optimizer(Adam())
    public static func adam(
        learningRate: Double = Adam.learningRate, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7, amsgrad: Bool = false
    ) -> Optimizer {
        Optimizer(Adam(beta1: beta1, beta2: beta2, epsilon: epsilon, amsgrad: amsgrad), learningRate: learningRate)
    }
    public static let adamW = adamW()
    /// Keras: `AdamW`, Adam with weight decay.
    public static func adamW(
        learningRate: Double = Adam.learningRate, weightDecay: Double = 0.004, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-7, amsgrad: Bool = false
    ) -> Optimizer {
        var optimizer = adam(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, amsgrad: amsgrad)
        optimizer.weightDecay = weightDecay
        optimizer.className = "AdamW"
        return optimizer
    }
    public static let adamax = Optimizer(Adamax())
    public static let nadam = Optimizer(Nadam())
    public static let ftrl = Optimizer(Ftrl())
    public static let lion = Optimizer(Lion())
}

/// Every optimizer known.
private let knownOptimizers: [any OptimizerAlgorithm.Type] = [
    SGD.self, RMSprop.self, Adagrad.self, Adadelta.self, Adam.self, Adamax.self, Nadam.self, Ftrl.self, Lion.self,
    Lamb.self, Adafactor.self, Muon.self,
]

extension Optimizer {
    /// Keras's class, by any of its names in any spelling; nil for one that is not known.
    package static func className(of name: String) -> String? { known(as: name)?.className }

    private static func known(as name: String) -> (type: any OptimizerAlgorithm.Type, className: String)? {
        for type in knownOptimizers {
            if let found = type.names.all.first(where: { $0.lowercased() == name.lowercased() }) { return (type, found) }
        }
        return nil
    }

    /// What a file names: `{"class_name": …, "config": …}`, in the words of any Keras. Keras: `optimizer_config`.
    ///
    /// - Throws: `unsupported` for optimizers and settings this version lacks.
    package init(config json: JSON, in context: DecodingContext) throws {
        if LossScale.isRound(json) {
            let (scale, inner) = (try LossScale(round: json, in: context), LossScale.inner(of: json))
            guard !LossScale.isRound(inner) else {
                throw KerasError(.malformed, "an optimizer that scales the loss holds another one", found: inner.summary)
            }
            self = try KerasError.placing(Place(key: "inner_optimizer")) { try Optimizer(config: inner, in: context) }
            lossScale = scale
            return
        }
        let named = try NamedFunction(json)
        // TensorFlow 2.11 to 2.15 registered its own classes so.
        let name = named.name.hasPrefix("Custom>") ? String(named.name.dropFirst(7)) : named.name
        guard let type = Optimizer.known(as: name)?.type else {
            throw KerasError(.unsupported, "this optimizer is not known", found: "'\(named.name)'")
        }
        try self.init(type, named.settings, isDecoupled: name.lowercased() == "adamw", in: context)
    }

    private init<Algorithm: OptimizerAlgorithm>(
        _ type: Algorithm.Type, _ settings: JSONObject, isDecoupled: Bool, in context: DecodingContext
    ) throws {
        let rules = Optimizer.rules(settings, context.dialect)
        var algorithm = Algorithm()
        algorithm.adopt(rules)
        for key in Algorithm.keys {
            guard let name = key.allNames.first(where: { settings.contains($0) }), let value = settings[name] else { continue }
            try KerasError.placing(Place(key: name)) { try key.decode(value, context, &algorithm) }
        }
        let given = try settings["decay"].flatMap { $0.isNull ? nil : $0 }.map { value in
            try KerasError.placing(Place(key: "decay")) { try Double(config: value, in: context) }
        }
        let decay = given.map { algorithm.adopt(decay: $0, rules) } ?? 0
        self.init(algorithm)
        self.decay = decay
        if isDecoupled { className = "AdamW" }
        func number(_ names: String...) throws -> Double? {
            for name in names {
                guard let value = settings[name], !value.isNull else { continue }
                return try KerasError.placing(Place(key: name)) { try Double(config: value, in: context) }
            }
            return nil
        }
        if let steps = settings["gradient_accumulation_steps"], !steps.isNull, steps != 0 {
            try KerasError.placing(Place(key: "gradient_accumulation_steps")) {
                let count = try Int(config: steps, in: context)
                guard count >= 2 else {
                    throw KerasError(.malformed, "gradients are gathered over too few steps", found: "\(count)", expected: "at least 2")
                }
                gradientAccumulationSteps = count
            }
        }
        if let rate = settings["learning_rate"], rate.object != nil {
            schedule = try KerasError.placing(Place(key: "learning_rate")) { try learningRateSchedule(config: rate, in: context) }
            learningRate = schedule?.initialLearningRate ?? learningRate
        } else {
            learningRate = try number("learning_rate", "lr") ?? learningRate
        }
        weightDecay = try number("weight_decay") ?? (isDecoupled ? 0.004 : nil)
        if let norm = try number("clipnorm") { clipping = rules == .keras2 ? .globalNorm(norm) : .norm(norm) }
        if let norm = try number("global_clipnorm") { clipping = .globalNorm(norm) }
        if let value = try number("clipvalue") { clipping = .value(value) }
        if let factor = try number("loss_scale_factor") { lossScale = LossScale(initial: factor, growthSteps: nil) }
        if let uses = settings["use_ema"], try Bool(config: uses, in: context) {
            average = Average(
                momentum: try number("ema_momentum") ?? 0.99,
                overwriteFrequency: try settings["ema_overwrite_frequency"].flatMap { $0.isNull ? nil : $0 }.map {
                    try Int(config: $0, in: context)
                })
            average?.countsFirstWeights = context.dialect == .tfKeras
        }
    }

    /// The same in Keras 3's words.
    ///
    /// - Throws: `unsupported` for an old rate's decay, which Keras 3 has no word for.
    package func config() throws -> JSON {
        guard decay == 0 else { throw KerasError(.unsupported, "Keras 3 has no such setting", at: Place(key: "decay"), found: "\(decay)") }
        let name = className ?? algorithm.names.className
        func number(_ value: Double?) -> JSON { value.map { .float($0) } ?? .null }
        var config: JSONObject = [
            "name": .string(name == "AdamW" ? "adamw" : algorithm.names.function),
            "learning_rate": try schedule?.config(in: EncodingContext(dialect: .keras3)) ?? .float(learningRate),
            "weight_decay": number(weightDecay), "clipnorm": nil, "global_clipnorm": nil, "clipvalue": nil,
            "use_ema": .bool(average != nil), "ema_momentum": .float(average?.momentum ?? 0.99),
            "ema_overwrite_frequency": average?.overwriteFrequency.map { .integer($0) } ?? .null, "loss_scale_factor": nil,
            "gradient_accumulation_steps": gradientAccumulationSteps.map { .integer($0) } ?? .null,
        ]
        switch clipping {
        case nil: break
        case .norm(let limit): config["clipnorm"] = .float(limit)
        case .globalNorm(let limit): config["global_clipnorm"] = .float(limit)
        case .value(let limit): config["clipvalue"] = .float(limit)
        }
        for (key, value) in try algorithm.settings(in: EncodingContext(dialect: .keras3)) { config[key] = value }
        if let lossScale, !lossScale.isOptimizer { config["loss_scale_factor"] = .float(lossScale.initial) }
        func object(_ name: String, _ config: JSONObject) -> JSON {
            ["module": "keras.optimizers", "class_name": .string(name), "config": .object(config), "registered_name": nil]
        }
        let optimizer = object(name, config)
        guard let lossScale, let steps = lossScale.growthSteps else { return optimizer }
        return object(
            "LossScaleOptimizer",
            [
                "name": "loss_scale_optimizer", "inner_optimizer": optimizer, "initial_scale": .float(lossScale.initial),
                "dynamic_growth_steps": .integer(steps),
            ])
    }

    /// Keras 3 and what says of itself that it is not the legacy class follow today's equations.
    private static func rules(_ settings: JSONObject, _ dialect: Dialect) -> OptimizerRules {
        switch dialect {
        case .keras3: .current
        case .keras2: .keras2
        case .tfKeras: settings["is_legacy_optimizer"] == .bool(false) ? .current : .legacy
        }
    }
}
