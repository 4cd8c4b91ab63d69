/// A convolution over volumes: `(n, d, h, w, c)` → `(n, d', h', w', filters)`.
public struct Conv3D: ConvolutionLayer {
    public static let className = "Conv3D"
    public static let aliases = ["Convolution3D"]
    public static let spatialRank = 3
    public static let blank = Conv3D()

    public var base = LayerBase()
    public var filters = 0
    public var groups = 1
    public var settings = ConvolutionSettings(rank: spatialRank)
}

extension Conv3D {
    /// With an own size, step and spread along each spatial axis.
    public init(
        _ filters: Int, _ kernelSize: (Int, Int, Int), strides: (Int, Int, Int) = (1, 1, 1), padding: Padding = .valid,
        dataFormat: DataFormat = .channelsLast, dilationRate: (Int, Int, Int) = (1, 1, 1), groups: Int = 1,
        activation: ActivationFunction = .linear,
        useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, name: String? = nil
    ) {
        self.init(
            filters, kernelSize: [kernelSize.0, kernelSize.1, kernelSize.2], strides: [strides.0, strides.1, strides.2], padding: padding,
            dataFormat: dataFormat,
            dilationRate: [dilationRate.0, dilationRate.1, dilationRate.2], groups: groups, activation: activation, useBias: useBias,
            kernelInitializer: kernelInitializer, biasInitializer: biasInitializer, kernelRegularizer: kernelRegularizer, name: name)
    }
}
