/// The largest of each window: `(n, d, h, w, c)` → `(n, d', h', w', c)`.
public struct MaxPooling3D: PoolingLayer {
    public static let className = "MaxPooling3D"
    public static let aliases = ["MaxPool3D"]
    public static let spatialRank = 3
    public static let kind = Pool.Kind.max
    public static let blank = MaxPooling3D()

    public var base = LayerBase()
    public var settings = PoolingSettings(rank: spatialRank)

    init() {}
}

extension MaxPooling3D {
    /// With an own size and step along each spatial axis.
    public init(
        _ poolSize: (Int, Int, Int), strides: (Int, Int, Int)? = nil, padding: Padding = .valid, dataFormat: DataFormat = .channelsLast,
        name: String? = nil
    ) {
        self.init(
            poolSize: [poolSize.0, poolSize.1, poolSize.2], strides: strides.map { [$0.0, $0.1, $0.2] }, padding: padding,
            dataFormat: dataFormat,
            name: name)
    }
}
