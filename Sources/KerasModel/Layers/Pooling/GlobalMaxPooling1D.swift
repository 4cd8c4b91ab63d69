/// The largest number of each channel: `(n, steps, c)` → `(n, c)`, or `(n, 1, c)` where the axes are kept.
public struct GlobalMaxPooling1D: GlobalPoolingLayer {
    public static let className = "GlobalMaxPooling1D"
    public static let aliases = ["GlobalMaxPool1D"]
    public static let spatialRank = 1
    public static let reduction = Reduction.max

    public var base = LayerBase()
    public var dataFormat = DataFormat.channelsLast
    public var keepDims = false

    public init() {}
}
