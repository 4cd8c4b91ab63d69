import Tensors

/// Training drops whole channels with probability `rate`; predicting changes nothing: `(n, t, c)` → `(n, t, c)`.
public struct SpatialDropout1D: TrainingOnly {
    public static let className = "SpatialDropout1D"
    public static let blank = SpatialDropout1D(0)
    public static let commonKeys = SpatialDropout.commonKeys(SpatialDropout1D.self)
    public static let keys = SpatialDropout.keys(\SpatialDropout1D.settings)

    public var base = LayerBase()
    var settings = SpatialDropout()

    public init(_ rate: Double, seed: Int? = nil, name: String? = nil) {
        settings = SpatialDropout(rate: rate, seed: seed)
        base.name = name
    }

    public var rate: Double {
        get { settings.rate }
        set { settings.rate = newValue }
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        try inputs[0].check(rank: 3)
        return inputs
    }

    public func train(_ x: Value, _ call: LayerCall) throws -> Value { try settings.train(x, call) }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { .fixed }
}
