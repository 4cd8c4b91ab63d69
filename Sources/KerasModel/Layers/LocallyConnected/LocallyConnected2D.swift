/// A kernel of its own for each place of an image: `(n, h, w, c)` → `(n, h', w', filters)`.
public struct LocallyConnected2D: LocallyConnectedLayer {
    public static let className = "LocallyConnected2D"
    public static let spatialRank = 2
    public static let blank = LocallyConnected2D()

    public var base = LayerBase()
    public var filters = 0
    public var implementation = 1
    public var settings = ConvolutionSettings(rank: spatialRank)
}
