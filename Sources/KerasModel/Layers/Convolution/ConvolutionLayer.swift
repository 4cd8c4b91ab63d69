import JSON
import Tensors

/// Conv1D, Conv2D, Conv3D: a kernel `(k…, c / groups, filters)` moves over `(n, s…, c)` and gives `(n, s'…, filters)`.
public protocol ConvolutionLayer: ConvolutionFamily {
    /// The number of output channels.
    var filters: Int { get set }
    /// Output channels of one group see the input channels of that group alone.
    var groups: Int { get set }
}

extension ConvolutionLayer {
    public static var keys: [ConfigKey<Self>] {
        [
            activityKey,
            .required("filters", \.filters),
            .extents("kernel_size", \.settings.kernelSize, rank: spatialRank, isRequired: true),
            .extents("strides", \.settings.strides, rank: spatialRank),
            .key("padding", \.settings.padding),
            .key("data_format", \.settings.dataFormat),
            .extents("dilation_rate", \.settings.dilationRate, rank: spatialRank),
            .key("groups", \.groups, in: [.tfKeras, .keras3]).needed { $0.groups != 1 },
            .key("activation", \.settings.activation),
            .key("use_bias", \.settings.useBias),
            .key("kernel_initializer", \.settings.kernelInitializer),
            .key("bias_initializer", \.settings.biasInitializer),
            .key("kernel_regularizer", \.settings.kernelRegularizer),
            .key("bias_regularizer", \.settings.biasRegularizer),
            .key("activity_regularizer", \.settings.activityRegularizer),
            .key("kernel_constraint", \.settings.kernelConstraint),
            .key("bias_constraint", \.settings.biasConstraint),
        ]
    }

    /// With the same size, step and spread along every spatial axis.
    public init(
        _ filters: Int, _ kernelSize: Int, strides: Int = 1, padding: Padding = .valid, dataFormat: DataFormat = .channelsLast,
        dilationRate: Int = 1, groups: Int = 1, activation: ActivationFunction = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros, kernelRegularizer: Regularizer? = nil,
        name: String? = nil
    ) {
        let rank = Self.spatialRank
        self.init(
            filters, kernelSize: Array(repeating: kernelSize, count: rank), strides: Array(repeating: strides, count: rank),
            padding: padding,
            dataFormat: dataFormat, dilationRate: Array(repeating: dilationRate, count: rank), groups: groups, activation: activation,
            useBias: useBias, kernelInitializer: kernelInitializer, biasInitializer: biasInitializer, kernelRegularizer: kernelRegularizer,
            name: name)
    }

    init(
        _ filters: Int, kernelSize: [Int], strides: [Int], padding: Padding, dataFormat: DataFormat, dilationRate: [Int], groups: Int,
        activation: ActivationFunction, useBias: Bool, kernelInitializer: Initializer, biasInitializer: Initializer,
        kernelRegularizer: Regularizer?,
        name: String?
    ) {
        self = Self.blank
        base = LayerBase()
        base.name = name
        self.filters = filters
        self.groups = groups
        settings.kernelSize = kernelSize
        settings.strides = strides
        settings.padding = padding
        settings.dataFormat = dataFormat
        settings.dilationRate = dilationRate
        settings.activation = activation
        settings.useBias = useBias
        settings.kernelInitializer = kernelInitializer
        settings.biasInitializer = biasInitializer
        settings.kernelRegularizer = kernelRegularizer
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let shape = settings.kernelSize + [try channels(inputs[0]) / groups, filters]
        return [
            try WeightSpec(
                "kernel", shape, settings.kernelInitializer, regularizer: settings.kernelRegularizer, constraint: settings.kernelConstraint,
                kind: .convolutionKernel)
        ] + (try biasSpec(filters))
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try checkedInput(inputs, counts: [("filters", filters), ("groups", groups)], allowsCausal: true)
        try checkStridesOrDilation()
        let channels = try channels(input)
        guard channels % groups == 0, filters % groups == 0 else {
            throw KerasError(
                .mismatch, "groups must divide the channels", at: Place(key: "groups"), found: "\(groups)",
                expected: "a divisor of \(channels) input channels and of \(filters) filters")
        }
        return [shape(input, spatial: try windowCounts(input), channels: filters)]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let weights = [try call.weight("kernel")] + (try bias(inputs[0], call))
        return [try lowered(inputs[0], call) { x in try call.emit(convolution(x, groups: groups), [x] + weights) }]
    }
}
