import JSON
import Tensors

/// Each channel comes to one number: `(n, s…, c)` → `(n, c)`, or `(n, 1…, c)` where the axes are kept.
public protocol GlobalPoolingLayer: Layer {
    static var spatialRank: Int { get }
    static var reduction: Reduction { get }
    var dataFormat: DataFormat { get set }
    /// Keras: `keepdims`.
    var keepDims: Bool { get set }
    init()
}

extension GlobalPoolingLayer {
    public static var blank: Self { Self() }
    public static var writesInputShape: Bool { false }
    public static var keys: [ConfigKey<Self>] {
        [.key("data_format", \.dataFormat), .key("keepdims", \.keepDims, in: [.tfKeras, .keras3]).needed { $0.keepDims }]
    }

    public init(dataFormat: DataFormat = .channelsLast, keepDims: Bool = false, name: String? = nil) {
        self.init()
        self.dataFormat = dataFormat
        self.keepDims = keepDims
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try onlyInput(inputs)
        try input.check(rank: Self.spatialRank + 2)
        let spatial = dataFormat.axes(rank: Self.spatialRank).spatial
        return [SymbolicShape(input.dims.indices.compactMap { spatial.contains($0) ? (keepDims ? .some(1) : nil) : .some(input[$0]) })]
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { switched(move, \.dataFormat) }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let axes = Array(dataFormat.axes(rank: Self.spatialRank).spatial)
        return [try call.emit(.reduce(Self.reduction, axes: axes, keepDims: keepDims), inputs[0])]
    }
}
