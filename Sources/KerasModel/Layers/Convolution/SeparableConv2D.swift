/// Each channel convolved by itself, then all of them mixed, over images: `(n, h, w, c)` → `(n, h', w', filters)`.
public struct SeparableConv2D: SeparableLayer {
    public static let className = "SeparableConv2D"
    public static let aliases = ["SeparableConvolution2D"]
    public static let spatialRank = 2
    public static let blank = SeparableConv2D()

    public var base = LayerBase()
    public var filters = 0
    public var depthMultiplier = 1
    public var pointwiseInitializer = Initializer.glorotUniform
    public var pointwiseRegularizer: Regularizer?
    public var pointwiseConstraint: Constraint?
    /// The kernel's settings are those of the depthwise one.
    public var settings = ConvolutionSettings(rank: spatialRank)
}

extension SeparableConv2D {
    /// With an own size and step along each spatial axis.
    public init(
        _ filters: Int, _ kernelSize: (Int, Int), strides: (Int, Int) = (1, 1), padding: Padding = .valid, depthMultiplier: Int = 1,
        dataFormat: DataFormat = .channelsLast, dilationRate: (Int, Int) = (1, 1), activation: ActivationFunction = .linear,
        useBias: Bool = true, depthwiseInitializer: Initializer = .glorotUniform, pointwiseInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros, name: String? = nil
    ) {
        self.init(
            filters, 1, padding: padding, depthMultiplier: depthMultiplier, dataFormat: dataFormat, activation: activation,
            useBias: useBias,
            depthwiseInitializer: depthwiseInitializer, pointwiseInitializer: pointwiseInitializer, biasInitializer: biasInitializer,
            name: name)
        settings.kernelSize = [kernelSize.0, kernelSize.1]
        settings.strides = [strides.0, strides.1]
        settings.dilationRate = [dilationRate.0, dilationRate.1]
    }
}
