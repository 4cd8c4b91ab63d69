import JSON
import Tensors

/// Cells cut from the ends of a volume: `(n, d, h, w, c)` → `(n, d', h', w', c)`.
public struct Cropping3D: CroppingLayer {
    public static let className = "Cropping3D"
    public static let spatialRank = 3
    public static let blank = Cropping3D()
    public static let keys: [ConfigKey<Cropping3D>] = [
        .edges("cropping", \.cropping, rank: spatialRank),
        .key("data_format", \.dataFormat),
    ]

    public var base = LayerBase()
    /// Cells before and after along each spatial axis; pairs in a file.
    public var cropping: [Edges]
    public var dataFormat = DataFormat.channelsLast

    /// As many at either end of every spatial axis.
    public init(_ cropping: Int = 1, dataFormat: DataFormat = .channelsLast, name: String? = nil) {
        self.init(edges: Array(repeating: Edges(cropping, cropping), count: Self.spatialRank), dataFormat: dataFormat, name: name)
    }

    /// So many at either end of each spatial axis.
    public init(_ cropping: (Int, Int, Int), dataFormat: DataFormat = .channelsLast, name: String? = nil) {
        self.init(
            edges: [Edges(cropping.0, cropping.0), Edges(cropping.1, cropping.1), Edges(cropping.2, cropping.2)], dataFormat: dataFormat,
            name: name)
    }

    /// So many before and after, for each spatial axis.
    public init(_ cropping: ((Int, Int), (Int, Int), (Int, Int)), dataFormat: DataFormat = .channelsLast, name: String? = nil) {
        self.init(
            edges: [Edges(cropping.0.0, cropping.0.1), Edges(cropping.1.0, cropping.1.1), Edges(cropping.2.0, cropping.2.1)],
            dataFormat: dataFormat, name: name)
    }

    private init(edges: [Edges], dataFormat: DataFormat, name: String?) {
        cropping = edges
        self.dataFormat = dataFormat
        base.name = name
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { switched(move, \.dataFormat) }
}
