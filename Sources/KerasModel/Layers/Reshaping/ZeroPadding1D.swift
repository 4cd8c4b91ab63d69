import JSON
import Tensors

/// Zeros round a sequence: `(n, steps, c)` → `(n, steps', c)`.
public struct ZeroPadding1D: ZeroPaddingLayer {
    public static let className = "ZeroPadding1D"
    public static let spatialRank = 1
    public static let blank = ZeroPadding1D()
    public static let keys: [ConfigKey<ZeroPadding1D>] = [
        .edges("padding", \.padding, rank: spatialRank),
        .key("data_format", \.dataFormat, in: [.keras3]).needed { $0.dataFormat == .channelsFirst },
    ]

    public var base = LayerBase()
    /// Cells before and after; a pair in a file.
    public var padding: [Edges]
    public var dataFormat = DataFormat.channelsLast

    /// As many at both ends.
    public init(_ padding: Int = 1, dataFormat: DataFormat = .channelsLast, name: String? = nil) {
        self.init(edges: Array(repeating: Edges(padding, padding), count: Self.spatialRank), dataFormat: dataFormat, name: name)
    }

    /// So many before and after.
    public init(_ padding: (Int, Int), dataFormat: DataFormat = .channelsLast, name: String? = nil) {
        self.init(edges: [Edges(padding.0, padding.1)], dataFormat: dataFormat, name: name)
    }

    private init(edges: [Edges], dataFormat: DataFormat, name: String?) {
        padding = edges
        self.dataFormat = dataFormat
        base.name = name
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        switchedInKeras3(move, \.dataFormat)
    }
}
