import JSON
import Tensors

/// The area under a curve of what thresholds make of the outputs. Keras: `AUC`.
public struct AUC: MetricFunction {
    public enum Curve: String, CaseIterable, ConfigValue {
        /// True positive rate over false positive rate.
        case roc = "ROC"
        /// Precision over recall.
        case precisionRecall = "PR"
        /// The same in gains over what chance gives: Keras 3.
        case precisionRecallGain = "PRGAIN"

        public init(config json: JSON, in context: DecodingContext) throws {
            guard let value = json.string.flatMap({ Curve(rawValue: $0.uppercased()) }) else {
                throw KerasError.unexpected(json, expected: "'ROC' or 'PR' or 'PRGAIN'")
            }
            self = value
        }
    }

    /// How the area between two thresholds is taken.
    public enum Summation: String, CaseIterable, ConfigValue {
        /// By the mean of its sides; under a precision-recall curve as true positives and positives grow between them.
        case interpolation
        /// By the higher side.
        case majoring
        /// By the lower side.
        case minoring
    }

    public static let names = FunctionNames("AUC", "auc", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<AUC>] = [
        .key("num_thresholds", \.thresholdCount), .key("curve", \.curve), .key("summation_method", \.summation),
        .key("multi_label", \.isMultiLabel), .key("num_labels", \.labelCount), .key("label_weights", \.labelWeights),
        .key("from_logits", \.fromLogits), .key("thresholds", \.thresholds).written { auc, _ in auc.thresholds != nil },
    ]
    /// Thresholds, evenly from 0 to 1, unless ``thresholds`` says which.
    public var thresholdCount = 200
    public var curve = Curve.roc
    public var summation = Summation.interpolation
    /// A curve for each label, and the mean of their areas.
    public var isMultiLabel = false
    public var labelCount: Int?
    /// What each label's area counts for; if there is one curve for all, what its samples count for.
    public var labelWeights: Numbers?
    /// The outputs are operands of a sigmoid.
    public var fromLogits = false
    /// Those between 0 and 1.
    public var thresholds: [Double]?

    public init() {}
    public init(curve: Curve = .roc, summation: Summation = .interpolation, isMultiLabel: Bool = false, fromLogits: Bool = false) {
        self.curve = curve
        self.summation = summation
        self.isMultiLabel = isMultiLabel
        self.fromLogits = fromLogits
    }
}
