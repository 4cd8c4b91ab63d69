/// The largest number of each channel: `(n, d, h, w, c)` → `(n, c)`, or `(n, 1, 1, 1, c)` where the axes are kept.
public struct GlobalMaxPooling3D: GlobalPoolingLayer {
    public static let className = "GlobalMaxPooling3D"
    public static let aliases = ["GlobalMaxPool3D"]
    public static let spatialRank = 3
    public static let reduction = Reduction.max

    public var base = LayerBase()
    public var dataFormat = DataFormat.channelsLast
    public var keepDims = false

    public init() {}
}
