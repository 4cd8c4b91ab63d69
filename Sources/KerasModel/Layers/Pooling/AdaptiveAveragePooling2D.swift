/// The mean of as many windows as are wanted, over 2 spatial axes.
public struct AdaptiveAveragePooling2D: AdaptivePoolingLayer {
    public static let className = "AdaptiveAveragePooling2D"
    public static let spatialRank = 2
    public static let reduction = Reduction.mean

    public var base = LayerBase()
    public var outputSize = [Int](repeating: 1, count: spatialRank)
    public var dataFormat = DataFormat.channelsLast

    public init() {}
}
