/// `−Σ y·ln p` along `axis`, of probabilities brought to the sum 1 and clipped to [1e-7, 1 − 1e-7].
public struct CategoricalCrossentropy: LossFunction {
    public static let names = FunctionNames("CategoricalCrossentropy", "categorical_crossentropy")
    public static let keys: [ConfigKey<CategoricalCrossentropy>] = [
        .key("from_logits", \.fromLogits), .key("label_smoothing", \.labelSmoothing), .key("axis", \.axis),
    ]
    /// The output is the operand of a softmax.
    public var fromLogits = false
    /// y becomes `y·(1 − s) + s / classes`.
    public var labelSmoothing = 0.0
    public var axis = -1
    /// Keras 3 smooths by the length of the last axis whatever ``axis`` is.
    public var countsLastAxis = true

    public init() {}
    public init(fromLogits: Bool, labelSmoothing: Double, axis: Int) {
        self.fromLogits = fromLogits
        self.labelSmoothing = labelSmoothing
        self.axis = axis
    }
    public mutating func adopt(_ dialect: Dialect) { countsLastAxis = dialect == .keras3 }
}

/// A cross-entropy that looks at what is still missed: `−Σ alpha·(1 − p)^gamma·y·ln p` along `axis`, of probabilities as
/// ``CategoricalCrossentropy`` takes them.
///
/// Source: Lin et al., "Focal Loss for Dense Object Detection", 2018.
public struct CategoricalFocalCrossentropy: LossFunction {
    public static let names = FunctionNames("CategoricalFocalCrossentropy", "categorical_focal_crossentropy", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<CategoricalFocalCrossentropy>] = [
        .key("from_logits", \.fromLogits), .key("label_smoothing", \.labelSmoothing), .key("axis", \.axis), .key("alpha", \.alpha),
        .key("gamma", \.gamma),
    ]
    /// As ``CategoricalCrossentropy/fromLogits``.
    public var fromLogits = false
    /// As ``CategoricalCrossentropy/labelSmoothing``.
    public var labelSmoothing = 0.0
    public var axis = -1
    /// A number, or one for each class.
    public var alpha = Numbers(0.25)
    public var gamma = 2.0
    /// tf.keras takes the operand of an output's softmax; Keras 3 does so for its other cross-entropies alone.
    public var looksBehindSoftmax = false

    public init() {}
    public init(alpha: Double, gamma: Double, fromLogits: Bool = false, labelSmoothing: Double = 0) {
        self.alpha = Numbers(alpha)
        self.gamma = gamma
        self.fromLogits = fromLogits
        self.labelSmoothing = labelSmoothing
    }
    public mutating func adopt(_ dialect: Dialect) { looksBehindSoftmax = dialect == .tfKeras }
}

/// The same for targets that are class numbers. Probabilities are clipped, their logarithms taken as logits.
public struct SparseCategoricalCrossentropy: LossFunction {
    public static let names = FunctionNames("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy")
    public static let keys: [ConfigKey<SparseCategoricalCrossentropy>] = [
        .key("from_logits", \.fromLogits), .key("ignore_class", \.ignoreClass, in: [.tfKeras, .keras3]),
        .key("axis", \.axis, in: [.keras3]),
    ]
    public var fromLogits = false
    /// Positions of this class count as if they were not there.
    public var ignoreClass: Int?
    public var axis = -1
    /// As a metric without samples' weights Keras 3 counts positions of that class too, as 0.
    public var countsIgnoredInMetrics = true

    public init() {}
    public init(fromLogits: Bool, ignoreClass: Int?) {
        self.fromLogits = fromLogits
        self.ignoreClass = ignoreClass
    }
    public mutating func adopt(_ dialect: Dialect) { countsIgnoredInMetrics = dialect == .keras3 }
}

/// `−mean(y·ln p + (1 − y)·ln(1 − p))` along `axis`.
public struct BinaryCrossentropy: LossFunction {
    /// How each generation stays clear of ln 0.
    public enum Clipping: Sendable {
        /// p is clipped to [1e-7, 1 − 1e-7]: Keras 3.
        case clipped
        /// p is clipped, and 1e-7 added under each logarithm: tf.keras.
        case clippedAndOffset
        /// p is clipped and brought back to a logit `ln(p / (1 − p))`: Keras 2.
        case logit
    }

    public static let names = FunctionNames("BinaryCrossentropy", "binary_crossentropy", aliases: ["bce", "BCE"])
    public static let keys: [ConfigKey<BinaryCrossentropy>] = [
        .key("from_logits", \.fromLogits), .key("label_smoothing", \.labelSmoothing), .key("axis", \.axis),
    ]
    /// The output is the operand of a sigmoid.
    public var fromLogits = false
    /// y becomes `y·(1 − s) + s / 2`.
    public var labelSmoothing = 0.0
    public var axis = -1
    public var clipping = Clipping.clipped

    public init() {}
    public init(fromLogits: Bool, labelSmoothing: Double) {
        self.fromLogits = fromLogits
        self.labelSmoothing = labelSmoothing
    }

    public mutating func adopt(_ dialect: Dialect) {
        switch dialect {
        case .keras2: clipping = .logit
        case .tfKeras: clipping = .clippedAndOffset
        case .keras3: clipping = .clipped
        }
    }
}

/// A binary cross-entropy times `(1 − p)^gamma` where the target is 1, `p^gamma` where it is 0.
///
/// Source: Lin et al., "Focal Loss for Dense Object Detection", 2018.
public struct BinaryFocalCrossentropy: LossFunction {
    public static let names = FunctionNames("BinaryFocalCrossentropy", "binary_focal_crossentropy", in: [.tfKeras, .keras3])
    public static let keys: [ConfigKey<BinaryFocalCrossentropy>] = [
        .key("from_logits", \.fromLogits), .key("label_smoothing", \.labelSmoothing), .key("axis", \.axis),
        .key("apply_class_balancing", \.appliesClassBalancing), .key("alpha", \.alpha), .key("gamma", \.gamma),
    ]
    /// As ``BinaryCrossentropy/fromLogits``.
    public var fromLogits = false
    /// As ``BinaryCrossentropy/labelSmoothing``.
    public var labelSmoothing = 0.0
    public var axis = -1
    /// `alpha` is the weight of 1, `1 − alpha` that of 0.
    public var appliesClassBalancing = false
    public var alpha = 0.25
    public var gamma = 2.0
    public var clipping = BinaryCrossentropy.Clipping.clipped

    public init() {}
    public init(gamma: Double, fromLogits: Bool = false, labelSmoothing: Double = 0) {
        self.gamma = gamma
        self.fromLogits = fromLogits
        self.labelSmoothing = labelSmoothing
    }

    public mutating func adopt(_ dialect: Dialect) { clipping = dialect == .keras3 ? .clipped : .clippedAndOffset }
}

/// `(1 − p^q) / q` of the probability of the target, a class number: between the cross-entropy (q → 0) and the mean absolute error (q = 1).
///
/// Source: Zhang and Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels", 2018.
public struct CategoricalGeneralizedCrossEntropy: LossFunction {
    public static let names = FunctionNames(
        "CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy", in: [.keras3])
    public static let keys: [ConfigKey<CategoricalGeneralizedCrossEntropy>] = [.key("q", \.q)]
    /// Between 0 and 1.
    public var q = 0.5

    public init() {}
    public init(q: Double) { self.q = q }
}

/// `Σ y·ln(y / p)` along the last axis, both clipped to [1e-7, 1].
public struct KLDivergence: LossFunction {
    public static let names = FunctionNames(
        "KLDivergence", "kl_divergence", older: [.keras2: "kullback_leibler_divergence"],
        aliases: ["kullback_leibler_divergence", "kld", "KLD"])
    public init() {}
}

/// `mean(p − y·ln(p + 1e-7))` along the last axis.
public struct Poisson: LossFunction {
    public static let names = FunctionNames("Poisson", "poisson")
    public init() {}
}
