/// The gradient of a convolution over images: `(n, h, w, c)` → `(n, h', w', filters)`.
public struct Conv2DTranspose: TransposedLayer {
    public static let className = "Conv2DTranspose"
    public static let aliases = ["Convolution2DTranspose"]
    public static let spatialRank = 2
    public static let blank = Conv2DTranspose()

    public var base = LayerBase()
    public var filters = 0
    public var outputPadding: [Int]?
    public var settings = ConvolutionSettings(rank: spatialRank)
}

extension Conv2DTranspose {
    /// With an own size, step and spread along each spatial axis.
    public init(
        _ filters: Int, _ kernelSize: (Int, Int), strides: (Int, Int) = (1, 1), padding: Padding = .valid,
        outputPadding: (Int, Int)? = nil, dataFormat: DataFormat = .channelsLast, dilationRate: (Int, Int) = (1, 1),
        activation: ActivationFunction = .linear, useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros, name: String? = nil
    ) {
        self.init(
            filters, kernelSize: [kernelSize.0, kernelSize.1], strides: [strides.0, strides.1], padding: padding,
            outputPadding: outputPadding.map { [$0.0, $0.1] }, dataFormat: dataFormat, dilationRate: [dilationRate.0, dilationRate.1],
            activation: activation, useBias: useBias, kernelInitializer: kernelInitializer, biasInitializer: biasInitializer, name: name)
    }
}
