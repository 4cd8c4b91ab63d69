/// The mean of each channel: `(n, d, h, w, c)` → `(n, c)`, or `(n, 1, 1, 1, c)` where the axes are kept.
public struct GlobalAveragePooling3D: GlobalPoolingLayer {
    public static let className = "GlobalAveragePooling3D"
    public static let aliases = ["GlobalAvgPool3D"]
    public static let spatialRank = 3
    public static let reduction = Reduction.mean

    public var base = LayerBase()
    public var dataFormat = DataFormat.channelsLast
    public var keepDims = false

    public init() {}
}
