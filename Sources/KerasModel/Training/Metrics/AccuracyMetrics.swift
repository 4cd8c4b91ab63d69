/// How often an output on the right side of `threshold` meets its target, 0 or 1.
public struct BinaryAccuracy: MetricFunction {
    public static let names = FunctionNames("BinaryAccuracy", "binary_accuracy")
    public static let keys: [ConfigKey<BinaryAccuracy>] = [.key("threshold", \.threshold)]
    public var threshold = 0.5
    /// Keras 2 rounds the output half to even instead, and lets an output of 1.7 miss.
    public var rounds = false

    public init() {}
    public mutating func adopt(_ dialect: Dialect) { rounds = dialect == .keras2 }
}

/// How often the largest output, the first of equals, stands where the largest target does.
public struct CategoricalAccuracy: MetricFunction {
    public static let names = FunctionNames("CategoricalAccuracy", "categorical_accuracy")
    public init() {}
}

/// How often the largest output, the first of equals, stands at the target, a class number.
public struct SparseCategoricalAccuracy: MetricFunction {
    public static let names = FunctionNames("SparseCategoricalAccuracy", "sparse_categorical_accuracy")
    public init() {}
}

/// How often the output where the target is largest is among the `k` largest, or equals one of them.
public struct TopKCategoricalAccuracy: MetricFunction {
    public static let names = FunctionNames("TopKCategoricalAccuracy", "top_k_categorical_accuracy")
    public static let keys: [ConfigKey<TopKCategoricalAccuracy>] = [.key("k", \.k)]
    public var k = 5

    public init() {}
    public init(k: Int) { self.k = k }
}

/// The same for targets that are class numbers.
public struct SparseTopKCategoricalAccuracy: MetricFunction {
    public static let names = FunctionNames("SparseTopKCategoricalAccuracy", "sparse_top_k_categorical_accuracy")
    public static let keys: [ConfigKey<SparseTopKCategoricalAccuracy>] = [.key("k", \.k)]
    public var k = 5

    public init() {}
    public init(k: Int) { self.k = k }
}

/// How often an output equals its target. Keras: the class `Accuracy`; the name `accuracy` is another thing.
public struct ExactAccuracy: MetricFunction {
    public static let names = FunctionNames("Accuracy", "accuracy")
    public init() {}
}
