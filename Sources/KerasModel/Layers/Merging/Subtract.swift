import Tensors

/// The first input less the second: `(n, …)` each, broadcast → `(n, …)`.
public struct Subtract: ElementwiseMerge {
    public static let className = "Subtract"
    public static let blank = Subtract()
    public static let keys: [ConfigKey<Subtract>] = []
    public static let operation = Binary.subtract
    public static let inputCount = 2...2

    public var base = LayerBase()

    public init(name: String? = nil) { base.name = name }
}
