/// The largest of as many windows as are wanted, over 3 spatial axes.
public struct AdaptiveMaxPooling3D: AdaptivePoolingLayer {
    public static let className = "AdaptiveMaxPooling3D"
    public static let spatialRank = 3
    public static let reduction = Reduction.max

    public var base = LayerBase()
    public var outputSize = [Int](repeating: 1, count: spatialRank)
    public var dataFormat = DataFormat.channelsLast

    public init() {}
}
