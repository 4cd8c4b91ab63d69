import JSON
import Tensors

/// `(1 + β²)·precision·recall / (β²·precision + recall)` for each class. Keras: `FBetaScore`.
public struct FBetaScore: MetricFunction {
    public enum Average: String, CaseIterable, ConfigValue {
        /// All classes counted together.
        case micro
        /// The mean of the classes' scores.
        case macro
        /// The same, weighted by how often a class should be there.
        case weighted
    }

    public static let names = FunctionNames("FBetaScore", "fbeta_score", aliases: ["f_beta_score"], in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<FBetaScore>] = [.key("average", \.average), .key("beta", \.beta), .key("threshold", \.threshold)]
    /// nil: a figure for each class.
    public var average: Average?
    public var beta = 1.0
    /// Outputs above it are positives; nil for the largest of each sample.
    public var threshold: Double?

    public init() {}
    public init(average: Average?, beta: Double = 1, threshold: Double? = nil) {
        self.average = average
        self.beta = beta
        self.threshold = threshold
    }
}

/// ``FBetaScore`` of β = 1. Keras: `F1Score`.
public struct F1Score: MetricFunction {
    public static let names = FunctionNames("F1Score", "f1_score", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<F1Score>] = [.key("average", \.average), .key("threshold", \.threshold)]
    /// As ``FBetaScore/average``.
    public var average: FBetaScore.Average?
    /// As ``FBetaScore/threshold``.
    public var threshold: Double?

    public init() {}
    public init(average: FBetaScore.Average?, threshold: Double? = nil) {
        self.average = average
        self.threshold = threshold
    }
}
