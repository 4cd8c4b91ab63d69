import Tensors

/// `x ≤ threshold → negativeSlope · (x − threshold)`, else x, at most `maxValue`: `(n, …)` → `(n, …)`.
public struct ReLU: ActivationLayer {
    public static let className = "ReLU"
    public static let writesInputShape = false
    public static let blank = ReLU()
    public static let keys: [ConfigKey<ReLU>] = [
        .key("max_value", \.maxValue).single(),
        .key("negative_slope", \.negativeSlope).single(),
        .key("threshold", \.threshold).single(),
    ]

    public var base = LayerBase()
    public var maxValue: Double?
    public var negativeSlope = 0.0
    public var threshold = 0.0

    public init(maxValue: Double? = nil, negativeSlope: Double = 0, threshold: Double = 0, name: String? = nil) {
        self.maxValue = maxValue
        self.negativeSlope = negativeSlope
        self.threshold = threshold
        base.name = name
    }

    public func apply(_ x: Value, _ call: LayerCall) throws -> Value {
        try call.emit(.unary(.relu(slope: negativeSlope, threshold: threshold, maximum: maxValue ?? .infinity)), x)
    }
}
