/// A convolution over images: `(n, h, w, c)` → `(n, h', w', filters)`.
public struct Conv2D: ConvolutionLayer {
    public static let className = "Conv2D"
    public static let aliases = ["Convolution2D"]
    public static let spatialRank = 2
    public static let blank = Conv2D()

    public var base = LayerBase()
    public var filters = 0
    public var groups = 1
    public var settings = ConvolutionSettings(rank: spatialRank)
}

extension Conv2D {
    /// With an own size, step and spread along each spatial axis.
    public init(
        _ filters: Int, _ kernelSize: (Int, Int), strides: (Int, Int) = (1, 1), padding: Padding = .valid,
        dataFormat: DataFormat = .channelsLast, dilationRate: (Int, Int) = (1, 1), groups: Int = 1,
        activation: ActivationFunction = .linear,
        useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, name: String? = nil
    ) {
        self.init(
            filters, kernelSize: [kernelSize.0, kernelSize.1], strides: [strides.0, strides.1], padding: padding, dataFormat: dataFormat,
            dilationRate: [dilationRate.0, dilationRate.1], groups: groups, activation: activation, useBias: useBias,
            kernelInitializer: kernelInitializer, biasInitializer: biasInitializer, kernelRegularizer: kernelRegularizer, name: name)
    }
}
