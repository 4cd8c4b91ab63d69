/// The largest of each window: `(n, h, w, c)` → `(n, h', w', c)`.
public struct MaxPooling2D: PoolingLayer {
    public static let className = "MaxPooling2D"
    public static let aliases = ["MaxPool2D"]
    public static let spatialRank = 2
    public static let kind = Pool.Kind.max
    public static let blank = MaxPooling2D()

    public var base = LayerBase()
    public var settings = PoolingSettings(rank: spatialRank)

    init() {}
}

extension MaxPooling2D {
    /// With an own size and step along each spatial axis.
    public init(
        _ poolSize: (Int, Int), strides: (Int, Int)? = nil, padding: Padding = .valid, dataFormat: DataFormat = .channelsLast,
        name: String? = nil
    ) {
        self.init(
            poolSize: [poolSize.0, poolSize.1], strides: strides.map { [$0.0, $0.1] }, padding: padding, dataFormat: dataFormat,
            name: name)
    }
}
