import Tensors

/// Training drops whole channels with probability `rate`; predicting changes nothing: `(n, h, w, c)` → `(n, h, w, c)`.
public struct SpatialDropout2D: TrainingOnly {
    public static let className = "SpatialDropout2D"
    public static let blank = SpatialDropout2D(0)
    public static let commonKeys = SpatialDropout.commonKeys(SpatialDropout2D.self)
    public static let keys = SpatialDropout.keys(\SpatialDropout2D.settings, hasDataFormat: true)

    public var base = LayerBase()
    var settings = SpatialDropout()

    public init(_ rate: Double, seed: Int? = nil, dataFormat: DataFormat = .channelsLast, name: String? = nil) {
        settings = SpatialDropout(rate: rate, seed: seed, dataFormat: dataFormat)
        base.name = name
    }

    public var rate: Double {
        get { settings.rate }
        set { settings.rate = newValue }
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        try inputs[0].check(rank: 4)
        return inputs
    }

    public func train(_ x: Value, _ call: LayerCall) throws -> Value { try settings.train(x, call) }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        switchedInKeras3(move, \.settings.dataFormat)
    }
}
