import Tensors

/// Training adds normal noise of standard deviation `stddev`; predicting changes nothing: `(n, …)` → `(n, …)`.
public struct GaussianNoise: TrainingOnly {
    public static let className = "GaussianNoise"
    public static let blank = GaussianNoise(0)
    public static let keys: [ConfigKey<GaussianNoise>] = [
        .required("stddev", \.stddev),
        .key("seed", \.seed, in: [.tfKeras, .keras3]),
    ]

    public var base = LayerBase()
    public var stddev: Double
    public var seed: Int?

    public init(_ stddev: Double, seed: Int? = nil, name: String? = nil) {
        self.stddev = stddev
        self.seed = seed
        base.name = name
    }

    public func train(_ x: Value, _ call: LayerCall) throws -> Value {
        guard stddev > 0 else { return x }
        let noise = try call.random(.normal, x.shape, seed: seed)
        return try call.emit(.binary(.add), x, try call.emit(.unary(.affine(scale: stddev, offset: 0)), noise))
    }
}
