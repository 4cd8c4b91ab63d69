/// Each channel convolved by itself, over images: `(n, h, w, c)` → `(n, h', w', c · m)`. Keras names its kernel's settings `depthwise_…`.
public struct DepthwiseConv2D: DepthwiseLayer {
    public static let className = "DepthwiseConv2D"
    public static let spatialRank = 2
    public static let blank = DepthwiseConv2D()

    public var base = LayerBase()
    public var depthMultiplier = 1
    public var settings = ConvolutionSettings(rank: spatialRank)
}

extension DepthwiseConv2D {
    /// With an own size and step along each spatial axis.
    public init(
        _ kernelSize: (Int, Int), strides: (Int, Int) = (1, 1), padding: Padding = .valid, depthMultiplier: Int = 1,
        dataFormat: DataFormat = .channelsLast, dilationRate: (Int, Int) = (1, 1), activation: ActivationFunction = .linear,
        useBias: Bool = true, depthwiseInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros, name: String? = nil
    ) {
        self.init(
            1, padding: padding, depthMultiplier: depthMultiplier, dataFormat: dataFormat, activation: activation, useBias: useBias,
            depthwiseInitializer: depthwiseInitializer, biasInitializer: biasInitializer, name: name)
        settings.kernelSize = [kernelSize.0, kernelSize.1]
        settings.strides = [strides.0, strides.1]
        settings.dilationRate = [dilationRate.0, dilationRate.1]
    }
}
