import Tensors

/// The product of its inputs: `(n, …)` each, broadcast → `(n, …)`.
public struct Multiply: ElementwiseMerge {
    public static let className = "Multiply"
    public static let blank = Multiply()
    public static let keys: [ConfigKey<Multiply>] = []
    public static let operation = Binary.multiply
    public static let masking = MergeMasking.one

    public var base = LayerBase()

    public init(name: String? = nil) { base.name = name }
}
