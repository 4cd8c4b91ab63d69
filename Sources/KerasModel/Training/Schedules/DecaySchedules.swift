import Tensors

/// `η · rate^(t / steps)`. Keras: `ExponentialDecay`.
public struct ExponentialDecay: LearningRateSchedule {
    public static let names = FunctionNames("ExponentialDecay", "exponential_decay", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<ExponentialDecay>] = [
        .required("initial_learning_rate", \.initialLearningRate), .required("decay_steps", \.decaySteps),
        .required("decay_rate", \.decayRate), .key("staircase", \.isStaircase), .key("name", \.name),
    ]
    public var initialLearningRate = 0.01
    public var decaySteps = 1.0
    public var decayRate = 1.0
    /// t / steps is rounded down.
    public var isStaircase = false
    /// nil in tf.keras unless given.
    public var name: String? = "ExponentialDecay"

    public init() {}
    public init(initialLearningRate: Double, decaySteps: Double, decayRate: Double, isStaircase: Bool = false) {
        self.initialLearningRate = initialLearningRate
        self.decaySteps = decaySteps
        self.decayRate = decayRate
        self.isStaircase = isStaircase
    }

    public func check() throws { try KerasError.checkSteps(decaySteps, "decay_steps") }
}

/// `η / (1 + rate · t / steps)`. Keras: `InverseTimeDecay`.
public struct InverseTimeDecay: LearningRateSchedule {
    public static let names = FunctionNames("InverseTimeDecay", "inverse_time_decay", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<InverseTimeDecay>] = [
        .required("initial_learning_rate", \.initialLearningRate), .required("decay_steps", \.decaySteps),
        .required("decay_rate", \.decayRate), .key("staircase", \.isStaircase), .key("name", \.name),
    ]
    public var initialLearningRate = 0.01
    public var decaySteps = 1.0
    public var decayRate = 0.0
    /// As ``ExponentialDecay/isStaircase``.
    public var isStaircase = false
    /// nil in tf.keras unless given.
    public var name: String? = "InverseTimeDecay"

    public init() {}
    public init(initialLearningRate: Double, decaySteps: Double, decayRate: Double, isStaircase: Bool = false) {
        self.initialLearningRate = initialLearningRate
        self.decaySteps = decaySteps
        self.decayRate = decayRate
        self.isStaircase = isStaircase
    }

    public func check() throws { try KerasError.checkSteps(decaySteps, "decay_steps") }
}

/// `(η − end) · (1 − t / steps)^power + end`, from `steps` on `end`. Keras: `PolynomialDecay`.
public struct PolynomialDecay: LearningRateSchedule {
    public static let names = FunctionNames("PolynomialDecay", "polynomial_decay", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<PolynomialDecay>] = [
        .required("initial_learning_rate", \.initialLearningRate), .required("decay_steps", \.decaySteps),
        .key("end_learning_rate", \.endLearningRate), .key("power", \.power), .key("cycle", \.cycles), .key("name", \.name),
    ]
    public var initialLearningRate = 0.01
    public var decaySteps = 1.0
    public var endLearningRate = 0.0001
    public var power = 1.0
    /// Past `steps` they are doubled, trebled …, so that the rate rises again.
    public var cycles = false
    /// nil in tf.keras unless given.
    public var name: String? = "PolynomialDecay"

    public init() {}
    public init(
        initialLearningRate: Double, decaySteps: Double, endLearningRate: Double = 0.0001, power: Double = 1, cycles: Bool = false
    ) {
        self.initialLearningRate = initialLearningRate
        self.decaySteps = decaySteps
        self.endLearningRate = endLearningRate
        self.power = power
        self.cycles = cycles
    }

    public func check() throws { try KerasError.checkSteps(decaySteps, "decay_steps") }
}

/// A rate up to each boundary (that step included), and one after the last. Keras: `PiecewiseConstantDecay`.
public struct PiecewiseConstantDecay: LearningRateSchedule {
    public static let names = FunctionNames("PiecewiseConstantDecay", "piecewise_constant_decay", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<PiecewiseConstantDecay>] = [
        .required("boundaries", \.boundaries), .required("values", \.values), .key("name", \.name),
    ]
    /// Numbers of steps, ascending.
    public var boundaries = [0.0]
    public var values = [0.01, 0.01]
    /// nil in tf.keras unless given.
    public var name: String? = "PiecewiseConstant"

    public init() {}
    public init(boundaries: [Double], values: [Double]) {
        self.boundaries = boundaries
        self.values = values
    }

    public var initialLearningRate: Double { values.first ?? 0 }

    public func check() throws {
        guard boundaries.count == values.count - 1, !boundaries.isEmpty else {
            throw KerasError(
                .malformed, "a schedule has not one rate more than boundaries",
                found: "\(values.count) rates, \(boundaries.count) boundaries")
        }
    }
}
