/// Hands its inputs on: `(n, …)` → `(n, …)`.
public struct Identity: Layer {
    public static let className = "Identity"
    public static let writesInputShape = false
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = Identity()
    public static let inputCount = 1...Int.max
    public static let maskUse = MaskUse.passes
    public static let keys: [ConfigKey<Identity>] = []

    public var base = LayerBase()

    public init(name: String? = nil) { base.name = name }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { .either(self) }
    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] { inputs }
}
