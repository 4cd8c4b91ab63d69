/// The mean of as many windows as are wanted, over 1 spatial axis.
public struct AdaptiveAveragePooling1D: AdaptivePoolingLayer {
    public static let className = "AdaptiveAveragePooling1D"
    public static let spatialRank = 1
    public static let reduction = Reduction.mean

    public var base = LayerBase()
    public var outputSize = [Int](repeating: 1, count: spatialRank)
    public var dataFormat = DataFormat.channelsLast

    public init() {}
}
