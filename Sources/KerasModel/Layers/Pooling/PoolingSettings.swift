import JSON
import Tensors

/// The windows of a pooling layer. Each list has one entry per spatial axis.
public struct PoolingSettings: Sendable {
    public var poolSize: [Int]
    /// nil: as far as the window is long, so that windows touch and do not overlap.
    public var strides: [Int]?
    public var padding = Padding.valid
    public var dataFormat = DataFormat.channelsLast

    init(rank: Int) { poolSize = Array(repeating: 2, count: rank) }

    /// The strides with nil resolved.
    var steps: [Int] {
        get { strides ?? poolSize }
        set { strides = newValue }
    }
}

/// Max- and average pooling: windows over `(n, s…, c)`, each channel for itself, give `(n, s'…, c)`. What it is told reads as its own:
/// `layer.poolSize`.
@dynamicMemberLookup
public protocol PoolingLayer: Layer {
    static var spatialRank: Int { get }
    static var kind: Pool.Kind { get }
    var settings: PoolingSettings { get set }
}

extension PoolingLayer {
    public subscript<V>(dynamicMember path: WritableKeyPath<PoolingSettings, V>) -> V {
        get { settings[keyPath: path] }
        set { settings[keyPath: path] = newValue }
    }

    public static var writesInputShape: Bool { false }

    public static var keys: [ConfigKey<Self>] {
        // One axis's layers were written apart before Keras 3, with the step first.
        let strides = spatialRank == 1 ? [stridesKey(in: Dialect.older)] : []
        let window: [ConfigKey<Self>] = [
            .extents("pool_size", \.settings.poolSize, rank: spatialRank),
            .key("padding", \.settings.padding),
            stridesKey(in: spatialRank == 1 ? [.keras3] : Dialect.all),
            .key("data_format", \.settings.dataFormat),
        ]
        return strides + window
    }

    /// Null means the window's own length; Keras writes the number.
    private static func stridesKey(in dialects: Set<Dialect>) -> ConfigKey<Self> {
        let rank = spatialRank
        let numbers = ConfigKey<Self>.extents("strides", \.settings.steps, rank: rank)
        return ConfigKey(
            name: "strides", names: [:], dialects: dialects, isRequired: false,
            decode: { json, context, layer in
                if !json.isNull { try numbers.decode(json, context, &layer) }
            },
            encode: numbers.encode, absent: { _, _ in })
    }

    /// With the same size and step along every spatial axis.
    public init(
        _ poolSize: Int = 2, strides: Int? = nil, padding: Padding = .valid, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        let rank = Self.spatialRank
        self.init(
            poolSize: Array(repeating: poolSize, count: rank), strides: strides.map { Array(repeating: $0, count: rank) }, padding: padding,
            dataFormat: dataFormat, name: name)
    }

    init(poolSize: [Int], strides: [Int]?, padding: Padding, dataFormat: DataFormat, name: String?) {
        self = Self.blank
        base = LayerBase()
        base.name = name
        settings.poolSize = poolSize
        settings.strides = strides
        settings.padding = padding
        settings.dataFormat = dataFormat
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        var shape = try onlyInput(inputs)
        try shape.check(rank: Self.spatialRank + 2)
        try checkExtents(settings.poolSize, rank: Self.spatialRank, key: "pool_size")
        try checkExtents(settings.steps, rank: Self.spatialRank, key: "strides")
        guard settings.padding != .causal else {
            throw KerasError(.malformed, "pooling has no causal padding", at: Place(key: "padding"), expected: "'valid' or 'same'")
        }
        for (axis, index) in zip(settings.dataFormat.axes(rank: Self.spatialRank).spatial, 0...) {
            shape[axis] = try settings.padding.outputLength(shape[axis], window: settings.poolSize[index], stride: settings.steps[index])
        }
        return [shape]
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        switched(move, \.settings.dataFormat)
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let pooled = try call.channelsLast(inputs[0], settings.dataFormat) { x in
            let padding = settings.poolSize.indices.map {
                settings.padding.edges(x.shape[$0 + 1], window: settings.poolSize[$0], stride: settings.steps[$0])
            }
            return try call.emit(.pool(Pool(Self.kind, window: settings.poolSize, strides: settings.steps, padding: padding)), x)
        }
        return [pooled]
    }
}
