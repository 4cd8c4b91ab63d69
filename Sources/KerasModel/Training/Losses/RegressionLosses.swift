/// `mean((p − y)²)` along the last axis.
public struct MeanSquaredError: LossFunction {
    public static let names = FunctionNames("MeanSquaredError", "mean_squared_error", aliases: ["mse", "MSE"])
    public init() {}
}

/// `mean(|p − y|)` along the last axis.
public struct MeanAbsoluteError: LossFunction {
    public static let names = FunctionNames("MeanAbsoluteError", "mean_absolute_error", aliases: ["mae", "MAE"])
    public init() {}
}

/// `100 · mean(|y − p| / max(|y|, 1e-7))` along the last axis.
public struct MeanAbsolutePercentageError: LossFunction {
    public static let names = FunctionNames("MeanAbsolutePercentageError", "mean_absolute_percentage_error", aliases: ["mape", "MAPE"])
    public init() {}
}

/// `mean((ln(max(p, 1e-7) + 1) − ln(max(y, 1e-7) + 1))²)` along the last axis.
public struct MeanSquaredLogarithmicError: LossFunction {
    public static let names = FunctionNames("MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", aliases: ["msle", "MSLE"])
    public init() {}
}

/// `mean(ln(cosh(p − y)))` along the last axis.
public struct LogCosh: LossFunction {
    public static let names = FunctionNames(
        "LogCosh", "log_cosh", older: [.keras2: "logcosh"], aliases: ["logcosh", "LogCoshError", "log_cosh_error"])
    public init() {}
}

/// Half the squared error up to `delta`, a straight line from there on; the mean along the last axis.
public struct Huber: LossFunction {
    public static let names = FunctionNames("Huber", "huber", older: [.keras2: "huber_loss"], aliases: ["huber_loss"])
    public static let keys: [ConfigKey<Huber>] = [.key("delta", \.delta)]
    public var delta = 1.0

    public init() {}
    public init(delta: Double) { self.delta = delta }
}

/// `−Σ ŷ·p̂` of the vectors along `axis` at length 1; as a metric without the minus.
public struct CosineSimilarity: LossFunction {
    public static let names = FunctionNames(
        "CosineSimilarity", "cosine_similarity", older: [.keras2: "cosine_proximity"], aliases: ["cosine_proximity", "cosine"])
    public static let keys: [ConfigKey<CosineSimilarity>] = [.key("axis", \.axis)]
    public var axis = -1
    /// A loss falls as vectors come together; a metric of this name rises (Keras 2's falls too).
    public var isNegated = true

    public init() {}
}
