import Tensors

/// The sum of its inputs: `(n, …)` each, broadcast → `(n, …)`.
public struct Add: ElementwiseMerge {
    public static let className = "Add"
    public static let blank = Add()
    public static let keys: [ConfigKey<Add>] = []
    public static let operation = Binary.add

    public var base = LayerBase()

    public init(name: String? = nil) { base.name = name }
}
