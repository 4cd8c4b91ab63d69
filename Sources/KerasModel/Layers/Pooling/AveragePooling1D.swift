/// The mean of each window's real cells: `(n, steps, c)` → `(n, steps', c)`.
public struct AveragePooling1D: PoolingLayer {
    public static let className = "AveragePooling1D"
    public static let aliases = ["AvgPool1D"]
    public static let spatialRank = 1
    public static let kind = Pool.Kind.average
    public static let blank = AveragePooling1D()

    public var base = LayerBase()
    public var settings = PoolingSettings(rank: spatialRank)

    init() {}
}
