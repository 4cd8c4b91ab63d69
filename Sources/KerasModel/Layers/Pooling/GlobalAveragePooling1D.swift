/// The mean of each channel: `(n, steps, c)` → `(n, c)`, or `(n, 1, c)` where the axes are kept.
public struct GlobalAveragePooling1D: GlobalPoolingLayer {
    public static let className = "GlobalAveragePooling1D"
    public static let aliases = ["GlobalAvgPool1D"]
    /// The mean is that of the steps the mask leaves.
    public static let maskUse = MaskUse.uses
    public static let spatialRank = 1
    public static let reduction = Reduction.mean

    public var base = LayerBase()
    public var dataFormat = DataFormat.channelsLast
    public var keepDims = false

    public init() {}
}
