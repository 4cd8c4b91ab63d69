import Tensors

/// Training sets each input to 0 with probability `rate` and scales the others by `1 / (1 − rate)`; predicting changes nothing:
/// `(n, …)` → `(n, …)`.
public struct Dropout: TrainingOnly {
    public static let className = "Dropout"
    public static let blank = Dropout(0)
    public static let keys: [ConfigKey<Dropout>] = [
        .required("rate", \.rate),
        .key("noise_shape", \.noiseShape, in: Dialect.older),
        .key("seed", \.seed),
        .key("noise_shape", \.noiseShape, in: [.keras3]),
    ]

    public var base = LayerBase()
    public var rate: Double
    /// Axes of length 1 share one draw.
    public var noiseShape: [Int?]?
    public var seed: Int?

    public init(_ rate: Double, noiseShape: [Int?]? = nil, seed: Int? = nil, name: String? = nil) {
        self.rate = rate
        self.noiseShape = noiseShape
        self.seed = seed
        base.name = name
    }

    public func train(_ x: Value, _ call: LayerCall) throws -> Value {
        try call.dropout(x, rate: rate, noiseShape: noiseShape, seed: seed)
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { noiseShape == nil ? .either(self) : .fixed }
}
