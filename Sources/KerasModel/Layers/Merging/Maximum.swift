import Tensors

/// The greatest of its inputs, element by element: `(n, …)` each, broadcast → `(n, …)`.
public struct Maximum: ElementwiseMerge {
    public static let className = "Maximum"
    public static let blank = Maximum()
    public static let keys: [ConfigKey<Maximum>] = []
    public static let operation = Binary.maximum
    public static let masking = MergeMasking.other

    public var base = LayerBase()

    public init(name: String? = nil) { base.name = name }
}
