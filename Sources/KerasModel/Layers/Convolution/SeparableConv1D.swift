/// Each channel convolved by itself, then all of them mixed, over sequences: `(n, steps, c)` → `(n, steps', filters)`.
public struct SeparableConv1D: SeparableLayer {
    public static let className = "SeparableConv1D"
    public static let aliases = ["SeparableConvolution1D"]
    public static let spatialRank = 1
    public static let blank = SeparableConv1D()

    public var base = LayerBase()
    public var filters = 0
    public var depthMultiplier = 1
    public var pointwiseInitializer = Initializer.glorotUniform
    public var pointwiseRegularizer: Regularizer?
    public var pointwiseConstraint: Constraint?
    /// The kernel's settings are those of the depthwise one.
    public var settings = ConvolutionSettings(rank: spatialRank)
}
