/// The mean of each channel: `(n, h, w, c)` → `(n, c)`, or `(n, 1, 1, c)` where the axes are kept.
public struct GlobalAveragePooling2D: GlobalPoolingLayer {
    public static let className = "GlobalAveragePooling2D"
    public static let aliases = ["GlobalAvgPool2D"]
    public static let spatialRank = 2
    public static let reduction = Reduction.mean

    public var base = LayerBase()
    public var dataFormat = DataFormat.channelsLast
    public var keepDims = false

    public init() {}
}
