import Tensors

/// `x > theta → x`, else 0: `(n, …)` → `(n, …)`. Keras 3 has no such layer.
public struct ThresholdedReLU: ActivationLayer {
    public static let className = "ThresholdedReLU"
    public static let dialects = Dialect.older
    public static let blank = ThresholdedReLU()
    public static let keys: [ConfigKey<ThresholdedReLU>] = [.key("theta", \.theta).single()]

    public var base = LayerBase()
    public var theta = 1.0

    public init(theta: Double = 1, name: String? = nil) {
        self.theta = theta
        base.name = name
    }

    public func apply(_ x: Value, _ call: LayerCall) throws -> Value { try call.emit(.unary(.threshold(theta, value: 0)), x) }
}
