import Tensors

/// `x < 0 → alpha · (eˣ − 1)`, else x: `(n, …)` → `(n, …)`.
public struct ELU: ActivationLayer {
    public static let className = "ELU"
    public static let writesInputShape = false
    public static let blank = ELU()
    /// Keras 3 writes its own key before most of the common ones.
    public static let commonKeys: [ConfigKey<ELU>] = [
        .key("name", \.base.name),
        .key("alpha", \.alpha, in: [.keras3]),
        .key("trainable", \.base.trainable),
        .key("dtype", \.base.dtype, in: [.tfKeras, .keras3]),
        .key("batch_shape", \.base.batchShape, names: [.keras2: "batch_input_shape", .tfKeras: "batch_input_shape"], in: Dialect.older)
            .written { layer, _ in layer.base.batchShape != nil },
        .key("dtype", \.base.dtype, in: [.keras2]),
    ]
    public static let keys: [ConfigKey<ELU>] = [.key("alpha", \.alpha, in: Dialect.older).single()]

    public var base = LayerBase()
    public var alpha = 1.0

    public init(alpha: Double = 1, name: String? = nil) {
        self.alpha = alpha
        base.name = name
    }

    public func apply(_ x: Value, _ call: LayerCall) throws -> Value { try call.emit(.unary(.elu(alpha: alpha)), x) }
}
