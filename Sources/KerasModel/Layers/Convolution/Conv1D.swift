/// A convolution over a sequence: `(n, steps, c)` → `(n, steps', filters)`.
public struct Conv1D: ConvolutionLayer {
    public static let className = "Conv1D"
    public static let aliases = ["Convolution1D"]
    public static let spatialRank = 1
    public static let blank = Conv1D()

    public var base = LayerBase()
    public var filters = 0
    public var groups = 1
    public var settings = ConvolutionSettings(rank: spatialRank)
}
