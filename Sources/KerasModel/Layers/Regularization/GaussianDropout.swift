import Tensors

/// Training multiplies by normal noise round 1 of standard deviation `√(rate / (1 − rate))`; predicting changes nothing:
/// `(n, …)` → `(n, …)`.
public struct GaussianDropout: TrainingOnly {
    public static let className = "GaussianDropout"
    public static let blank = GaussianDropout(0)
    public static let keys: [ConfigKey<GaussianDropout>] = [
        .required("rate", \.rate),
        .key("seed", \.seed, in: [.tfKeras, .keras3]),
    ]

    public var base = LayerBase()
    public var rate: Double
    public var seed: Int?

    public init(_ rate: Double, seed: Int? = nil, name: String? = nil) {
        self.rate = rate
        self.seed = seed
        base.name = name
    }

    public func train(_ x: Value, _ call: LayerCall) throws -> Value {
        guard rate > 0, rate < 1 else { return x }
        let noise = try call.random(.normal, x.shape, seed: seed)
        let factor = try call.emit(.unary(.affine(scale: (rate / (1 - rate)).squareRoot(), offset: 1)), noise)
        return try call.emit(.binary(.multiply), x, factor)
    }
}
