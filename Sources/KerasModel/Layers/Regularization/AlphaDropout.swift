import Tensors

/// Training drops inputs so that selu's mean and variance stay as they are; predicting changes nothing: `(n, …)` → `(n, …)`.
public struct AlphaDropout: TrainingOnly {
    public static let className = "AlphaDropout"
    public static let blank = AlphaDropout(0)
    public static let keys: [ConfigKey<AlphaDropout>] = [
        .required("rate", \.rate),
        .key("seed", \.seed, in: [.tfKeras, .keras3]),
        .key("noise_shape", \.noiseShape, in: [.keras3]).needed { $0.noiseShape != nil },
    ]

    public var base = LayerBase()
    public var rate: Double
    public var seed: Int?
    /// Axes of length 1 share one draw.
    public var noiseShape: [Int?]?

    public init(_ rate: Double, seed: Int? = nil, noiseShape: [Int?]? = nil, name: String? = nil) {
        self.rate = rate
        self.seed = seed
        self.noiseShape = noiseShape
        base.name = name
    }

    /// What is dropped becomes selu's lower limit; then all is scaled and shifted back to mean 0 and variance 1.
    ///
    /// Source: Klambauer et al., "Self-Normalizing Neural Networks", 2017.
    public func train(_ x: Value, _ call: LayerCall) throws -> Value {
        guard rate > 0, rate < 1 else { return x }
        let limit = -1.7580993408473766
        let scale = 1 / ((1 - rate) * (1 + rate * limit * limit)).squareRoot()
        let drawn = try call.random(.uniform, try call.noise(noiseShape, x.shape), seed: seed)
        let kept = try call.emit(.binary(.greaterOrEqual), drawn, try call.constant([rate], shape: []))
        let lowered = try call.emit(.unary(.affine(scale: -limit, offset: limit)), kept)
        let mixed = try call.emit(.binary(.add), try call.emit(.binary(.multiply), x, kept), lowered)
        return try call.emit(.unary(.affine(scale: scale, offset: -scale * limit * rate)), mixed)
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { noiseShape == nil ? .either(self) : .fixed }
}
