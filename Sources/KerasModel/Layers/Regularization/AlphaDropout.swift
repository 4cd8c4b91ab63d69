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
}
