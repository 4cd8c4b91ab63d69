import JSON
import Tensors

/// `√mean((p − y)²)` over all samples together. Keras: `RootMeanSquaredError`.
public struct RootMeanSquaredError: MetricFunction {
    public static let names = FunctionNames("RootMeanSquaredError", "root_mean_squared_error", in: [.tfKeras, .keras3])
    public static let rises: Bool? = false
    public init() {}
}

/// `mean(|p − y| / normalizer)`, 0 where that is 0. Keras: `MeanRelativeError`, before Keras 3.
public struct MeanRelativeError: MetricFunction {
    public static let names = FunctionNames("MeanRelativeError", "mean_relative_error", in: [.tfKeras])
    public static let rises: Bool? = false
    public static let keys: [ConfigKey<MeanRelativeError>] = [.required("normalizer", \.normalizer)]
    /// One number for all or for each of a row.
    public var normalizer = Numbers(1)
    public init() {}
}

/// The share of the targets' variance that the outputs explain. Keras: `R2Score`.
public struct R2Score: MetricFunction {
    public enum Aggregation: String, CaseIterable, ConfigValue {
        case uniform = "uniform_average"
        case byVariance = "variance_weighted_average"
    }

    public static let names = FunctionNames("R2Score", "r2_score", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<R2Score>] = [.key("class_aggregation", \.aggregation), .key("num_regressors", \.regressors)]
    /// The mean over the columns; nil: a figure for each.
    public var aggregation: Aggregation? = .uniform
    /// For the adjusted score, how many features explain; 0 for the plain one.
    public var regressors = 0
    public init() {}
}

/// The correlation of targets and outputs along an axis. Keras: `PearsonCorrelation`.
public struct PearsonCorrelation: MetricFunction {
    public static let names = FunctionNames("PearsonCorrelation", "pearson_correlation", in: [.keras3])
    public static let keys: [ConfigKey<PearsonCorrelation>] = [.key("axis", \.axis)]
    public var axis = -1
    public init() {}
}

/// The concordance correlation of targets and outputs along an axis, as Keras computes it: `mean(2·(y − p̄)·(p − p̄) / …)`. Keras:
/// `ConcordanceCorrelation`.
public struct ConcordanceCorrelation: MetricFunction {
    public static let names = FunctionNames("ConcordanceCorrelation", "concordance_correlation", in: [.keras3])
    public static let keys: [ConfigKey<ConcordanceCorrelation>] = [.key("axis", \.axis)]
    public var axis = -1
    public init() {}
}
