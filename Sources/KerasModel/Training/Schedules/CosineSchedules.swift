import Tensors

/// Half a cosine wave from η (or the warm-up's target) down to `alpha` of it. Keras: `CosineDecay`.
///
/// Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2016.
public struct CosineDecay: LearningRateSchedule {
    public static let names = FunctionNames("CosineDecay", "cosine_decay", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<CosineDecay>] = [
        .required("initial_learning_rate", \.initialLearningRate), .required("decay_steps", \.decaySteps), .key("alpha", \.alpha),
        .key("name", \.name), .key("warmup_target", \.warmupTarget), .key("warmup_steps", \.warmupSteps),
    ]
    public var initialLearningRate = 0.01
    public var decaySteps = 1.0
    public var alpha = 0.0
    /// nil in tf.keras unless given.
    public var name: String? = "CosineDecay"
    /// The rate that a straight line leads to first; nil for no warm-up.
    public var warmupTarget: Double?
    public var warmupSteps = 0.0

    public init() {}
    public init(initialLearningRate: Double, decaySteps: Double, alpha: Double = 0, warmupTarget: Double? = nil, warmupSteps: Double = 0) {
        self.initialLearningRate = initialLearningRate
        self.decaySteps = decaySteps
        self.alpha = alpha
        self.warmupTarget = warmupTarget
        self.warmupSteps = warmupSteps
    }

    public func check() throws { try KerasError.checkSteps(decaySteps, "decay_steps") }
}

/// ``CosineDecay`` that begins anew, each time `tMultiplier` as long and `mMultiplier` as high. Keras: `CosineDecayRestarts`.
///
/// Source: as ``CosineDecay``.
public struct CosineDecayRestarts: LearningRateSchedule {
    public static let names = FunctionNames("CosineDecayRestarts", "cosine_decay_restarts", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<CosineDecayRestarts>] = [
        .required("initial_learning_rate", \.initialLearningRate), .required("first_decay_steps", \.firstDecaySteps),
        .key("t_mul", \.tMultiplier), .key("m_mul", \.mMultiplier), .key("alpha", \.alpha), .key("name", \.name),
    ]
    public var initialLearningRate = 0.01
    public var firstDecaySteps = 1.0
    public var tMultiplier = 2.0
    public var mMultiplier = 1.0
    public var alpha = 0.0
    /// nil in tf.keras unless given.
    public var name: String? = "SGDRDecay"

    public init() {}
    public init(initialLearningRate: Double, firstDecaySteps: Double, tMultiplier: Double = 2, mMultiplier: Double = 1, alpha: Double = 0) {
        self.initialLearningRate = initialLearningRate
        self.firstDecaySteps = firstDecaySteps
        self.tMultiplier = tMultiplier
        self.mMultiplier = mMultiplier
        self.alpha = alpha
    }

    public func check() throws { try KerasError.checkSteps(firstDecaySteps, "first_decay_steps") }
}
