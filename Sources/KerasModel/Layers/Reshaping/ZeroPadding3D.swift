import JSON
import Tensors

/// Zeros round a volume: `(n, d, h, w, c)` → `(n, d', h', w', c)`.
public struct ZeroPadding3D: ZeroPaddingLayer {
    public static let className = "ZeroPadding3D"
    public static let spatialRank = 3
    public static let blank = ZeroPadding3D()
    public static let keys: [ConfigKey<ZeroPadding3D>] = [
        .edges("padding", \.padding, rank: spatialRank),
        .key("data_format", \.dataFormat),
    ]

    public var base = LayerBase()
    /// Cells before and after along each spatial axis; pairs in a file.
    public var padding: [Edges]
    public var dataFormat = DataFormat.channelsLast

    /// As many at either end of every spatial axis.
    public init(_ padding: Int = 1, dataFormat: DataFormat = .channelsLast, name: String? = nil) {
        self.init(edges: Array(repeating: Edges(padding, padding), count: Self.spatialRank), dataFormat: dataFormat, name: name)
    }

    /// So many at either end of each spatial axis.
    public init(_ padding: (Int, Int, Int), dataFormat: DataFormat = .channelsLast, name: String? = nil) {
        self.init(
            edges: [Edges(padding.0, padding.0), Edges(padding.1, padding.1), Edges(padding.2, padding.2)], dataFormat: dataFormat,
            name: name)
    }

    /// So many before and after, for each spatial axis.
    public init(_ padding: ((Int, Int), (Int, Int), (Int, Int)), dataFormat: DataFormat = .channelsLast, name: String? = nil) {
        self.init(
            edges: [Edges(padding.0.0, padding.0.1), Edges(padding.1.0, padding.1.1), Edges(padding.2.0, padding.2.1)],
            dataFormat: dataFormat, name: name)
    }

    private init(edges: [Edges], dataFormat: DataFormat, name: String?) {
        padding = edges
        self.dataFormat = dataFormat
        base.name = name
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { switched(move, \.dataFormat) }
}
