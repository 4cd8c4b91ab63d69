import JSON
import Tensors

/// DepthwiseConv1D, DepthwiseConv2D: each channel is convolved by itself with `depthMultiplier` kernels. `(n, s…, c)` and the kernel
/// `(k…, c, m)` give `(n, s'…, c · m)`, output channel c · m + j from channel c.
public protocol DepthwiseLayer: ConvolutionFamily {
    var depthMultiplier: Int { get set }
}

extension DepthwiseLayer {
    public static var keys: [ConfigKey<Self>] {
        let keys: [ConfigKey<Self>] = [
            .key("depth_multiplier", \.depthMultiplier),
            .extents("kernel_size", \.settings.kernelSize, rank: spatialRank, isRequired: true),
            .extents("strides", \.settings.strides, rank: spatialRank),
            .key("padding", \.settings.padding),
            .key("data_format", \.settings.dataFormat),
            .extents("dilation_rate", \.settings.dilationRate, rank: spatialRank),
            .fixed("groups", 1, in: [.tfKeras]),
            .key("activation", \.settings.activation),
            .key("use_bias", \.settings.useBias),
            .key("depthwise_initializer", \.settings.kernelInitializer),
            .key("bias_initializer", \.settings.biasInitializer),
            .key("depthwise_regularizer", \.settings.kernelRegularizer),
            .key("bias_regularizer", \.settings.biasRegularizer),
            .key("activity_regularizer", \.settings.activityRegularizer),
            .key("depthwise_constraint", \.settings.kernelConstraint),
            .key("bias_constraint", \.settings.biasConstraint),
        ]
        return [activityKey]
            + keys.ordered(before3: [
                "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups", "activation", "use_bias", "bias_initializer",
                "bias_regularizer", "activity_regularizer", "bias_constraint", "depth_multiplier", "depthwise_initializer",
                "depthwise_regularizer", "depthwise_constraint",
            ])
    }

    /// With the same size, step and spread along every spatial axis.
    public init(
        _ kernelSize: Int, strides: Int = 1, padding: Padding = .valid, depthMultiplier: Int = 1, dataFormat: DataFormat = .channelsLast,
        dilationRate: Int = 1, activation: ActivationFunction = .linear, useBias: Bool = true,
        depthwiseInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros, name: String? = nil
    ) {
        let rank = Self.spatialRank
        self = Self.blank
        base = LayerBase()
        base.name = name
        self.depthMultiplier = depthMultiplier
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
        var kernel = try WeightSpec(
            "kernel", settings.kernelSize + [channels, depthMultiplier], settings.kernelInitializer,
            regularizer: settings.kernelRegularizer, constraint: settings.kernelConstraint
        )
        kernel.olderName = "depthwise_kernel"
        return [kernel] + (try biasSpec(channels * depthMultiplier))
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try checkedInput(inputs, counts: [("depth_multiplier", depthMultiplier)])
        let maps = try Shape(checking: [try channels(input), depthMultiplier]).count
        return [shape(input, spatial: try windowCounts(input), channels: maps)]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let bias = try bias(inputs[0], call)
        return [try lowered(inputs[0], call) { x in try depthwise(x, try call.weight("kernel"), bias, call) }]
    }
}

extension ConvolutionFamily {
    /// A convolution in as many groups as there are channels: the kernel `(k…, c, m)` is `(k…, 1, c · m)` in memory.
    func depthwise(_ x: Value, _ kernel: Value, _ bias: [Value], _ call: LayerCall) throws -> Value {
        let rank = Self.spatialRank
        let flat = try call.reshape(kernel, settings.kernelSize + [1, kernel.shape[rank] * kernel.shape[rank + 1]])
        return try call.emit(convolution(x, groups: kernel.shape[rank]), [x, flat] + bias)
    }
}
