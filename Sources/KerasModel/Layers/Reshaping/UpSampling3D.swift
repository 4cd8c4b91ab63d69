import JSON
import Tensors

/// Each cell of a volume `size` times in a row along each axis: `(n, d, h, w, c)` → `(n, d · size[0], h · size[1], w · size[2], c)`.
public struct UpSampling3D: UpSamplingLayer {
    public static let className = "UpSampling3D"
    public static let blank = UpSampling3D()
    public static let keys: [ConfigKey<UpSampling3D>] = [
        .extents("size", \.size, rank: 3),
        .key("data_format", \.dataFormat),
    ]

    public var base = LayerBase()
    public var size = [2, 2, 2]
    public var dataFormat = DataFormat.channelsLast

    public init(_ size: Int = 2, dataFormat: DataFormat = .channelsLast, name: String? = nil) {
        self.init((size, size, size), dataFormat: dataFormat, name: name)
    }

    /// With an own factor along each spatial axis.
    public init(_ size: (Int, Int, Int), dataFormat: DataFormat = .channelsLast, name: String? = nil) {
        self.size = [size.0, size.1, size.2]
        self.dataFormat = dataFormat
        base.name = name
    }

    public var factors: [Int] { size }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { switched(move, \.dataFormat) }
}
