/// The largest number of each channel: `(n, h, w, c)` → `(n, c)`, or `(n, 1, 1, c)` where the axes are kept.
public struct GlobalMaxPooling2D: GlobalPoolingLayer {
    public static let className = "GlobalMaxPooling2D"
    public static let aliases = ["GlobalMaxPool2D"]
    public static let spatialRank = 2
    public static let reduction = Reduction.max

    public var base = LayerBase()
    public var dataFormat = DataFormat.channelsLast
    public var keepDims = false

    public init() {}
}
