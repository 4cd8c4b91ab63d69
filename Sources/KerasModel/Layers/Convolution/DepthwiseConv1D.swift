/// Each channel convolved by itself, over sequences: `(n, steps, c)` → `(n, steps', c · m)`. Keras names its kernel's settings `depthwise_…`.
public struct DepthwiseConv1D: DepthwiseLayer {
    public static let className = "DepthwiseConv1D"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let spatialRank = 1
    public static let blank = DepthwiseConv1D()

    public var base = LayerBase()
    public var depthMultiplier = 1
    public var settings = ConvolutionSettings(rank: spatialRank)
}
