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

    public init() {}
    public init(fromLogits: Bool, labelSmoothing: Double, axis: Int) {
        self.fromLogits = fromLogits
        self.labelSmoothing = labelSmoothing
        self.axis = axis
    }
}

/// The same for targets that are class numbers. Probabilities are clipped, their logarithms taken as logits.
public struct SparseCategoricalCrossentropy: LossFunction {
    public static let names = FunctionNames("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy")
    public static let keys: [ConfigKey<SparseCategoricalCrossentropy>] = [
        .key("from_logits", \.fromLogits), .key("ignore_class", \.ignoreClass, in: [.tfKeras, .keras3]),
        .key("axis", \.axis, in: [.tfKeras, .keras3]),
    ]
    public var fromLogits = false
    /// Positions of this class count as if they were not there.
    public var ignoreClass: Int?
    public var axis = -1

    public init() {}
    public init(fromLogits: Bool, ignoreClass: Int?) {
        self.fromLogits = fromLogits
        self.ignoreClass = ignoreClass
    }
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
