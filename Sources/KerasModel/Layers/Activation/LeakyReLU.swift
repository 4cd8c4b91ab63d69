import Tensors

/// `x < 0 → negativeSlope · x`, else x: `(n, …)` → `(n, …)`. Keras before 3: `alpha`.
public struct LeakyReLU: ActivationLayer {
    public static let className = "LeakyReLU"
    public static let writesInputShape = false
    public static let blank = LeakyReLU()
    public static let keys: [ConfigKey<LeakyReLU>] = [
        .key("negative_slope", \.negativeSlope, names: [.keras2: "alpha", .tfKeras: "alpha"]).single()
    ]

    public var base = LayerBase()
    public var negativeSlope = 0.3

    public init(negativeSlope: Double = 0.3, name: String? = nil) {
        self.negativeSlope = negativeSlope
        base.name = name
    }

    public func apply(_ x: Value, _ call: LayerCall) throws -> Value { try call.emit(.unary(.relu(slope: negativeSlope)), x) }
}
