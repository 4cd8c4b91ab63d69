/// The gradient of a convolution over volumes: `(n, d, h, w, c)` → `(n, d', h', w', filters)`.
public struct Conv3DTranspose: TransposedLayer {
    public static let className = "Conv3DTranspose"
    public static let aliases = ["Convolution3DTranspose"]
    public static let spatialRank = 3
    public static let blank = Conv3DTranspose()

    public var base = LayerBase()
    public var filters = 0
    public var outputPadding: [Int]?
    public var settings = ConvolutionSettings(rank: spatialRank)
}

extension Conv3DTranspose {
    /// With an own size, step and spread along each spatial axis.
    public init(
        _ filters: Int, _ kernelSize: (Int, Int, Int), strides: (Int, Int, Int) = (1, 1, 1), padding: Padding = .valid,
        outputPadding: (Int, Int, Int)? = nil, dataFormat: DataFormat = .channelsLast, dilationRate: (Int, Int, Int) = (1, 1, 1),
        activation: ActivationFunction = .linear, useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros, name: String? = nil
    ) {
        self.init(
            filters, kernelSize: [kernelSize.0, kernelSize.1, kernelSize.2], strides: [strides.0, strides.1, strides.2], padding: padding,
            outputPadding: outputPadding.map { [$0.0, $0.1, $0.2] }, dataFormat: dataFormat,
            dilationRate: [dilationRate.0, dilationRate.1, dilationRate.2],
            activation: activation, useBias: useBias, kernelInitializer: kernelInitializer, biasInitializer: biasInitializer, name: name)
    }
}
