/// The largest of as many windows as are wanted, over 1 spatial axis.
public struct AdaptiveMaxPooling1D: AdaptivePoolingLayer {
    public static let className = "AdaptiveMaxPooling1D"
    public static let spatialRank = 1
    public static let reduction = Reduction.max

    public var base = LayerBase()
    public var outputSize = [Int](repeating: 1, count: spatialRank)
    public var dataFormat = DataFormat.channelsLast

    public init() {}
}
