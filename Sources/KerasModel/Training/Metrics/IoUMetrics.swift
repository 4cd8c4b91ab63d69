import JSON
import Tensors

// One file for the five: they are one metric with some settings fixed.

/// Intersection over union: for each class, `true positives / (targets + outputs of that class − true positives)`; the mean over those that
/// occur. Keras: `IoU`.
public struct IoU: IoUMetric {
    public static let names = FunctionNames("IoU", "io_u", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<IoU>] = [
        .key("dtype", \.dtype), .required("num_classes", \.classes), .required("target_class_ids", \.targetClasses),
        .key("ignore_class", \.ignoreClass), .key("sparse_y_true", \.hasSparseTargets), .key("sparse_y_pred", \.hasSparseOutputs),
        .key("axis", \.axis),
    ]
    public var dtype: IoUWeights?
    public var classes = 2
    /// Which classes the mean is over.
    public var targetClasses = [0, 1]
    public var ignoreClass: Int?
    /// Targets are class numbers.
    public var hasSparseTargets = true
    /// Outputs are class numbers.
    public var hasSparseOutputs = true
    /// Else those stand along this axis.
    public var axis = -1
    public init() {}
    public mutating func adopt(_ dialect: Dialect) { dtype = .usual(dialect) }
}

/// ``IoU`` over all classes. Keras: `MeanIoU`.
public struct MeanIoU: IoUMetric {
    public static let names = FunctionNames("MeanIoU", "mean_io_u", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<MeanIoU>] = [
        .required("num_classes", \.classes), .key("dtype", \.dtype), .key("ignore_class", \.ignoreClass),
        .key("sparse_y_true", \.hasSparseTargets), .key("sparse_y_pred", \.hasSparseOutputs), .key("axis", \.axis),
    ]
    public var dtype: IoUWeights?
    public var classes = 2
    /// As ``IoU/ignoreClass``.
    public var ignoreClass: Int?
    /// As ``IoU/hasSparseTargets``.
    public var hasSparseTargets = true
    /// As ``IoU/hasSparseOutputs``.
    public var hasSparseOutputs = true
    /// As ``IoU/axis``.
    public var axis = -1
    public init() {}
    public init(classes: Int, hasSparseTargets: Bool = true, hasSparseOutputs: Bool = true) {
        self.classes = classes
        self.hasSparseTargets = hasSparseTargets
        self.hasSparseOutputs = hasSparseOutputs
    }
    public mutating func adopt(_ dialect: Dialect) { dtype = .usual(dialect) }
    public var targetClasses: [Int] { Array(0..<max(classes, 0)) }
}

/// ``IoU`` of targets that are 0 or 1, with outputs from `threshold` on as 1. Keras: `BinaryIoU`.
public struct BinaryIoU: IoUMetric {
    public static let names = FunctionNames("BinaryIoU", "binary_io_u", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<BinaryIoU>] = [
        .key("target_class_ids", \.targetClasses), .key("threshold", \.limit), .key("dtype", \.dtype),
    ]
    public var dtype: IoUWeights?
    /// As ``IoU/targetClasses``.
    public var targetClasses = [0, 1]
    public var limit = 0.5
    public init() {}
    public mutating func adopt(_ dialect: Dialect) { dtype = .usual(dialect) }
    public var classes: Int { 2 }
    public var threshold: Double? { limit }
}

/// ``IoU`` of one-hot targets. Keras: `OneHotIoU`.
public struct OneHotIoU: IoUMetric {
    public static let names = FunctionNames("OneHotIoU", "one_hot_io_u", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<OneHotIoU>] = [
        .required("num_classes", \.classes), .required("target_class_ids", \.targetClasses), .key("dtype", \.dtype),
        .key("ignore_class", \.ignoreClass), .key("sparse_y_pred", \.hasSparseOutputs), .key("axis", \.axis),
    ]
    public var dtype: IoUWeights?
    public var classes = 2
    /// As ``IoU/targetClasses``.
    public var targetClasses = [0, 1]
    /// As ``IoU/ignoreClass``.
    public var ignoreClass: Int?
    /// As ``IoU/hasSparseOutputs``.
    public var hasSparseOutputs = false
    /// As ``IoU/axis``.
    public var axis = -1
    public init() {}
    public mutating func adopt(_ dialect: Dialect) { dtype = .usual(dialect) }
    public var hasSparseTargets: Bool { false }
}

/// ``MeanIoU`` of one-hot targets. Keras: `OneHotMeanIoU`.
public struct OneHotMeanIoU: IoUMetric {
    public static let names = FunctionNames("OneHotMeanIoU", "one_hot_mean_io_u", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<OneHotMeanIoU>] = [
        .required("num_classes", \.classes), .key("dtype", \.dtype), .key("ignore_class", \.ignoreClass),
        .key("sparse_y_pred", \.hasSparseOutputs), .key("axis", \.axis),
    ]
    public var dtype: IoUWeights?
    public var classes = 2
    /// As ``IoU/ignoreClass``.
    public var ignoreClass: Int?
    /// As ``IoU/hasSparseOutputs``.
    public var hasSparseOutputs = false
    /// As ``IoU/axis``.
    public var axis = -1
    public init() {}
    public mutating func adopt(_ dialect: Dialect) { dtype = .usual(dialect) }
    public var hasSparseTargets: Bool { false }
    public var targetClasses: [Int] { Array(0..<max(classes, 0)) }
}

/// What the five have in common.
public protocol IoUMetric: MetricFunction {
    /// nil is Keras 3's type.
    var dtype: IoUWeights? { get }
    var classes: Int { get }
    var targetClasses: [Int] { get }
    var ignoreClass: Int? { get }
    var hasSparseTargets: Bool { get }
    var hasSparseOutputs: Bool { get }
    var axis: Int { get }
    /// Outputs from here on are class 1.
    var threshold: Double? { get }
}

extension IoUMetric {
    public var ignoreClass: Int? { nil }
    public var hasSparseTargets: Bool { true }
    public var hasSparseOutputs: Bool { true }
    public var axis: Int { -1 }
    public var threshold: Double? { nil }
}

/// What samples' weights come to where they are counted. Keras: the metric's `dtype`.
public enum IoUWeights: String, ConfigValue {
    /// Their fractions fall: what Keras 3 does unless it is told.
    case whole = "int64"
    case real = "float32"

    static func usual(_ dialect: Dialect) -> IoUWeights { dialect == .keras3 ? .whole : .real }

    /// A name or a policy.
    public init(config json: JSON, in context: DecodingContext) throws {
        guard let name = json.string ?? json["config"]?["name"]?.string else { throw KerasError.unexpected(json, expected: "a type") }
        self = name.hasPrefix("int") ? .whole : .real
    }
    public func config(in context: EncodingContext) -> JSON { .string(rawValue) }
}
