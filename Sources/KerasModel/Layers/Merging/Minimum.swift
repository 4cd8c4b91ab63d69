import Tensors

/// The least of its inputs, element by element: `(n, …)` each, broadcast → `(n, …)`.
public struct Minimum: ElementwiseMerge {
    public static let className = "Minimum"
    public static let blank = Minimum()
    public static let keys: [ConfigKey<Minimum>] = []
    public static let operation = Binary.minimum
    public static let masking = MergeMasking.other

    public var base = LayerBase()

    public init(name: String? = nil) { base.name = name }
}
