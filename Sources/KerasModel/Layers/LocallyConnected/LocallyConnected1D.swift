/// A kernel of its own for each place of a sequence: `(n, s, c)` → `(n, s', filters)`.
public struct LocallyConnected1D: LocallyConnectedLayer {
    public static let className = "LocallyConnected1D"
    public static let spatialRank = 1
    public static let blank = LocallyConnected1D()

    public var base = LayerBase()
    public var filters = 0
    public var implementation = 1
    public var settings = ConvolutionSettings(rank: spatialRank)
}
