// One file for what is counted of right and wrong answers: the metrics differ in which of the counts they report.

/// Targets that are not 0 and outputs above the threshold. Keras: `TruePositives`.
public struct TruePositives: MetricFunction {
    public static let names = FunctionNames("TruePositives", "true_positives", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<TruePositives>] = [.key("thresholds", \.thresholds)]
    public static let rises: Bool? = nil
    /// Between 0 and 1, one or several, for each of which there is a figure; nil for 0.5.
    public var thresholds: Numbers?
    public init() {}
}

/// Targets that are 0 and outputs above the threshold. Keras: `FalsePositives`.
public struct FalsePositives: MetricFunction {
    public static let names = FunctionNames("FalsePositives", "false_positives", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<FalsePositives>] = [.key("thresholds", \.thresholds)]
    public static let rises: Bool? = nil
    /// As ``TruePositives/thresholds``.
    public var thresholds: Numbers?
    public init() {}
}

/// Targets that are 0 and outputs not above the threshold. Keras: `TrueNegatives`.
public struct TrueNegatives: MetricFunction {
    public static let names = FunctionNames("TrueNegatives", "true_negatives", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<TrueNegatives>] = [.key("thresholds", \.thresholds)]
    public static let rises: Bool? = nil
    /// As ``TruePositives/thresholds``.
    public var thresholds: Numbers?
    public init() {}
}

/// Targets that are not 0 and outputs not above the threshold. Keras: `FalseNegatives`.
public struct FalseNegatives: MetricFunction {
    public static let names = FunctionNames("FalseNegatives", "false_negatives", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<FalseNegatives>] = [.key("thresholds", \.thresholds)]
    public static let rises: Bool? = nil
    /// As ``TruePositives/thresholds``.
    public var thresholds: Numbers?
    public init() {}
}

/// True positives among all positives. Keras: `Precision`.
public struct Precision: MetricFunction {
    public static let names = FunctionNames("Precision", "precision", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<Precision>] = [
        .key("thresholds", \.thresholds), .key("top_k", \.topK), .key("class_id", \.classID),
    ]
    /// As ``TruePositives/thresholds``; with ``topK`` nil is no threshold at all.
    public var thresholds: Numbers?
    /// Only the k largest outputs of a sample can be positives.
    public var topK: Int?
    /// Only this class counts.
    public var classID: Int?

    public init() {}
    public init(thresholds: Numbers? = nil, topK: Int? = nil, classID: Int? = nil) {
        self.thresholds = thresholds
        self.topK = topK
        self.classID = classID
    }
}

/// True positives among all that should be positives. Keras: `Recall`.
public struct Recall: MetricFunction {
    public static let names = FunctionNames("Recall", "recall", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<Recall>] = [
        .key("thresholds", \.thresholds), .key("top_k", \.topK), .key("class_id", \.classID),
    ]
    /// As ``Precision/thresholds``.
    public var thresholds: Numbers?
    /// As ``Precision/topK``.
    public var topK: Int?
    /// As ``Precision/classID``.
    public var classID: Int?

    public init() {}
    public init(thresholds: Numbers? = nil, topK: Int? = nil, classID: Int? = nil) {
        self.thresholds = thresholds
        self.topK = topK
        self.classID = classID
    }
}

/// The highest sensitivity (true positives among what is positive) where the specificity (true negatives among what is negative) is no
/// less than that given. Keras: `SensitivityAtSpecificity`.
public struct SensitivityAtSpecificity: MetricFunction {
    public static let names = FunctionNames("SensitivityAtSpecificity", "sensitivity_at_specificity", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<SensitivityAtSpecificity>] = [
        .key("class_id", \.classID), .key("num_thresholds", \.thresholdCount), .required("specificity", \.specificity),
    ]
    public var specificity = 0.5
    /// Thresholds that are tried, evenly from 0 to 1.
    public var thresholdCount = 200
    /// As ``Precision/classID``.
    public var classID: Int?

    public init() {}
    public init(_ specificity: Double) { self.specificity = specificity }
}

/// The highest specificity where the sensitivity is no less than that given. Keras: `SpecificityAtSensitivity`.
public struct SpecificityAtSensitivity: MetricFunction {
    public static let names = FunctionNames("SpecificityAtSensitivity", "specificity_at_sensitivity", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<SpecificityAtSensitivity>] = [
        .key("class_id", \.classID), .key("num_thresholds", \.thresholdCount), .required("sensitivity", \.sensitivity),
    ]
    public var sensitivity = 0.5
    /// As ``SensitivityAtSpecificity/thresholdCount``.
    public var thresholdCount = 200
    /// As ``Precision/classID``.
    public var classID: Int?

    public init() {}
    public init(_ sensitivity: Double) { self.sensitivity = sensitivity }
}

/// The highest precision where the recall is no less than that given. Keras: `PrecisionAtRecall`.
public struct PrecisionAtRecall: MetricFunction {
    public static let names = FunctionNames("PrecisionAtRecall", "precision_at_recall", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<PrecisionAtRecall>] = [
        .key("class_id", \.classID), .key("num_thresholds", \.thresholdCount), .required("recall", \.recall),
    ]
    public var recall = 0.5
    /// As ``SensitivityAtSpecificity/thresholdCount``.
    public var thresholdCount = 200
    /// As ``Precision/classID``.
    public var classID: Int?

    public init() {}
    public init(_ recall: Double) { self.recall = recall }
}

/// The highest recall where the precision is no less than that given. Keras: `RecallAtPrecision`.
public struct RecallAtPrecision: MetricFunction {
    public static let names = FunctionNames("RecallAtPrecision", "recall_at_precision", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<RecallAtPrecision>] = [
        .key("class_id", \.classID), .key("num_thresholds", \.thresholdCount), .required("precision", \.precision),
    ]
    public var precision = 0.5
    /// As ``SensitivityAtSpecificity/thresholdCount``.
    public var thresholdCount = 200
    /// As ``Precision/classID``.
    public var classID: Int?

    public init() {}
    public init(_ precision: Double) { self.precision = precision }
}
