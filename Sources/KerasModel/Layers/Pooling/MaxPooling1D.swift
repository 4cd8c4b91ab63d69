/// The largest of each window: `(n, steps, c)` → `(n, steps', c)`.
public struct MaxPooling1D: PoolingLayer {
    public static let className = "MaxPooling1D"
    public static let aliases = ["MaxPool1D"]
    public static let spatialRank = 1
    public static let kind = Pool.Kind.max
    public static let blank = MaxPooling1D()

    public var base = LayerBase()
    public var settings = PoolingSettings(rank: spatialRank)

    init() {}
}
