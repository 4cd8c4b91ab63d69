/// The gradient of a convolution over sequences: `(n, steps, c)` → `(n, steps', filters)`.
public struct Conv1DTranspose: TransposedLayer {
    public static let className = "Conv1DTranspose"
    public static let aliases = ["Convolution1DTranspose"]
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let spatialRank = 1
    public static let blank = Conv1DTranspose()

    public var base = LayerBase()
    public var filters = 0
    public var outputPadding: [Int]?
    public var settings = ConvolutionSettings(rank: spatialRank)
}
