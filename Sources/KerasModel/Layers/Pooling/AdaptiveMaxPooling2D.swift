/// The largest of as many windows as are wanted, over 2 spatial axes.
public struct AdaptiveMaxPooling2D: AdaptivePoolingLayer {
    public static let className = "AdaptiveMaxPooling2D"
    public static let spatialRank = 2
    public static let reduction = Reduction.max

    public var base = LayerBase()
    public var outputSize = [Int](repeating: 1, count: spatialRank)
    public var dataFormat = DataFormat.channelsLast

    public init() {}
}
