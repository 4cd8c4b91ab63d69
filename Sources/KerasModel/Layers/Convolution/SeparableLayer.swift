import JSON
import Tensors

/// SeparableConv1D, SeparableConv2D: a depthwise convolution, then a dense one of size 1 over its channels. `(n, s…, c)` and the kernels
/// `(k…, c, m)` and `(1…, c · m, filters)` give `(n, s'…, filters)`.
public protocol SeparableLayer: ConvolutionFamily {
    var filters: Int { get set }
    var depthMultiplier: Int { get set }
    var pointwiseInitializer: Initializer { get set }
    var pointwiseRegularizer: Regularizer? { get set }
    var pointwiseConstraint: Constraint? { get set }
}

extension SeparableLayer {
    public static var keys: [ConfigKey<Self>] {
        let keys: [ConfigKey<Self>] = [
            .key("depth_multiplier", \.depthMultiplier),
            .required("filters", \.filters),
            .extents("kernel_size", \.settings.kernelSize, rank: spatialRank, isRequired: true),
            .extents("strides", \.settings.strides, rank: spatialRank),
            .key("padding", \.settings.padding),
            .key("data_format", \.settings.dataFormat),
            .extents("dilation_rate", \.settings.dilationRate, rank: spatialRank),
            .fixed("groups", 1, in: [.tfKeras]),
            .key("activation", \.settings.activation),
            .key("use_bias", \.settings.useBias),
            .fixed("kernel_initializer", Initializer.glorotUniform, in: [.tfKeras]),
            .fixed("kernel_regularizer", nil, in: [.tfKeras]),
            .fixed("kernel_constraint", nil, in: [.tfKeras]),
            .key("depthwise_initializer", \.settings.kernelInitializer),
            .key("pointwise_initializer", \.pointwiseInitializer),
            .key("bias_initializer", \.settings.biasInitializer),
            .key("depthwise_regularizer", \.settings.kernelRegularizer),
            .key("pointwise_regularizer", \.pointwiseRegularizer),
            .key("bias_regularizer", \.settings.biasRegularizer),
            .key("activity_regularizer", \.settings.activityRegularizer),
            .key("depthwise_constraint", \.settings.kernelConstraint),
            .key("pointwise_constraint", \.pointwiseConstraint),
            .key("bias_constraint", \.settings.biasConstraint),
        ]
        return [activityKey]
            + keys.ordered(before3: [
                "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups", "activation", "use_bias",
                "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer", "activity_regularizer",
                "kernel_constraint",
                "bias_constraint", "depth_multiplier", "depthwise_initializer", "pointwise_initializer", "depthwise_regularizer",
                "pointwise_regularizer", "depthwise_constraint", "pointwise_constraint",
            ])
    }

    /// With the same size, step and spread along every spatial axis.
    public init(
        _ filters: Int, _ kernelSize: Int, strides: Int = 1, padding: Padding = .valid, depthMultiplier: Int = 1,
        dataFormat: DataFormat = .channelsLast, dilationRate: Int = 1, activation: ActivationFunction = .linear, useBias: Bool = true,
        depthwiseInitializer: Initializer = .glorotUniform, pointwiseInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros, name: String? = nil
    ) {
        let rank = Self.spatialRank
        self = Self.blank
        base = LayerBase()
        base.name = name
        self.filters = filters
        self.depthMultiplier = depthMultiplier
        self.pointwiseInitializer = pointwiseInitializer
        settings.kernelSize = Array(repeating: kernelSize, count: rank)
        settings.strides = Array(repeating: strides, count: rank)
        settings.padding = padding
        settings.dataFormat = dataFormat
        settings.dilationRate = Array(repeating: dilationRate, count: rank)
        settings.activation = activation
        settings.useBias = useBias
        settings.kernelInitializer = depthwiseInitializer
        settings.biasInitializer = biasInitializer
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let channels = try channels(inputs[0])
        let ones = Array(repeating: 1, count: Self.spatialRank)
        return [
            try WeightSpec(
                "depthwise_kernel", settings.kernelSize + [channels, depthMultiplier], settings.kernelInitializer,
                regularizer: settings.kernelRegularizer, constraint: settings.kernelConstraint),
            try WeightSpec(
                "pointwise_kernel", ones + [channels * depthMultiplier, filters], pointwiseInitializer, regularizer: pointwiseRegularizer,
                constraint: pointwiseConstraint),
        ] + (try biasSpec(filters))
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try checkedInput(inputs, counts: [("filters", filters), ("depth_multiplier", depthMultiplier)], allowsCausal: true)
        _ = try Shape(checking: [try channels(input), depthMultiplier])
        return [shape(input, spatial: try windowCounts(input), channels: filters)]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let (kernel, bias) = (try call.weight("pointwise_kernel"), try bias(inputs[0], call))
        let ones = Array(repeating: 1, count: Self.spatialRank)
        let pointwise = Op.convolution(
            Convolution(strides: ones, dilation: ones, padding: Array(repeating: .none, count: Self.spatialRank)))
        let result = try lowered(inputs[0], call) { x in
            let maps = try depthwise(x, try call.weight("depthwise_kernel"), [], call)
            return try call.emit(pointwise, [maps, kernel] + bias)
        }
        return [result]
    }
}
