import JSON
import Tensors

/// Conv1DTranspose, Conv2DTranspose, Conv3DTranspose: the gradient of a convolution, which makes images larger. `(n, s…, c)` and the kernel
/// `(k…, filters, c)` give `(n, s'…, filters)`.
public protocol TransposedLayer: ConvolutionFamily {
    var filters: Int { get set }
    /// Cells more at each axis's end than the least there can be; nil: as many as `padding` gives. Keras: `output_padding`.
    var outputPadding: [Int]? { get set }
}

extension TransposedLayer {
    public static var keys: [ConfigKey<Self>] {
        let keys: [ConfigKey<Self>] = [
            .required("filters", \.filters),
            .extents("kernel_size", \.settings.kernelSize, rank: spatialRank, isRequired: true),
            .extents("strides", \.settings.strides, rank: spatialRank),
            .key("padding", \.settings.padding),
            outputPaddingKey,
            .key("data_format", \.settings.dataFormat),
            dilationKey
                .needed { layer in spatialRank == 3 && layer.settings.dilationRate != [1, 1, 1] },
            .fixed("groups", 1, in: [.tfKeras]),
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
        // Volumes could not be spread before Keras 3.
        let spread = spatialRank == 3 ? [] : ["dilation_rate"]
        return [activityKey]
            + keys.ordered(
                before3: ["filters", "kernel_size", "strides", "padding", "data_format"] + spread + [
                    "groups", "activation", "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
                    "activity_regularizer", "kernel_constraint", "bias_constraint", "output_padding",
                ])
    }

    /// Keras 3 builds the spread itself; TensorFlow's layer fails when it is called with one that is not the same along every axis.
    private static var dilationKey: ConfigKey<Self> {
        let key = ConfigKey<Self>.extents("dilation_rate", \.settings.dilationRate, rank: spatialRank)
        return ConfigKey(
            name: key.name, names: [:], dialects: key.dialects, isRequired: false, decode: key.decode,
            encode: { layer, context in
                guard context.dialect == .keras3 || Set(layer.settings.dilationRate).count <= 1 else {
                    throw KerasError(
                        .unsupported, "\(context.reader) has no dilation that differs by axis",
                        found: Shape.text(layer.settings.dilationRate))
                }
                return try key.encode(layer, context)
            }, absent: { _, _ in })
    }

    /// Null, one number for all axes, or one for each. Zero is a number.
    private static var outputPaddingKey: ConfigKey<Self> {
        let rank = spatialRank
        return ConfigKey(
            name: "output_padding", names: [:], dialects: Dialect.all, isRequired: false,
            decode: { json, context, layer in
                guard let one = json.integer else {
                    layer.outputPadding = try [Int]?(config: json, in: context)
                    return
                }
                layer.outputPadding = Array(repeating: one, count: rank)
            },
            encode: { layer, context in try layer.outputPadding.config(in: context) }, absent: { _, _ in })
    }

    /// With the same size, step and spread along every spatial axis.
    public init(
        _ filters: Int, _ kernelSize: Int, strides: Int = 1, padding: Padding = .valid, outputPadding: Int? = nil,
        dataFormat: DataFormat = .channelsLast, dilationRate: Int = 1, activation: ActivationFunction = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros, name: String? = nil
    ) {
        let rank = Self.spatialRank
        self.init(
            filters, kernelSize: Array(repeating: kernelSize, count: rank), strides: Array(repeating: strides, count: rank),
            padding: padding,
            outputPadding: outputPadding.map { Array(repeating: $0, count: rank) }, dataFormat: dataFormat,
            dilationRate: Array(repeating: dilationRate, count: rank), activation: activation, useBias: useBias,
            kernelInitializer: kernelInitializer, biasInitializer: biasInitializer, name: name)
    }

    init(
        _ filters: Int, kernelSize: [Int], strides: [Int], padding: Padding, outputPadding: [Int]?, dataFormat: DataFormat,
        dilationRate: [Int], activation: ActivationFunction, useBias: Bool, kernelInitializer: Initializer, biasInitializer: Initializer,
        name: String?
    ) {
        self = Self.blank
        base = LayerBase()
        base.name = name
        self.filters = filters
        self.outputPadding = outputPadding
        settings.kernelSize = kernelSize
        settings.strides = strides
        settings.padding = padding
        settings.dataFormat = dataFormat
        settings.dilationRate = dilationRate
        settings.activation = activation
        settings.useBias = useBias
        settings.kernelInitializer = kernelInitializer
        settings.biasInitializer = biasInitializer
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let shape = settings.kernelSize + [filters, try channels(inputs[0])]
        return [
            try WeightSpec(
                "kernel", shape, settings.kernelInitializer, regularizer: settings.kernelRegularizer, constraint: settings.kernelConstraint,
                kind: .convolutionKernel)
        ] + (try biasSpec(filters))
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try checkedInput(inputs, counts: [("filters", filters)])
        try checkStridesOrDilation()
        if let extra = outputPadding {
            guard extra.count == Self.spatialRank, zip(extra, settings.strides).allSatisfy({ $0 >= 0 && $0 < $1 }) else {
                throw KerasError(
                    .mismatch, "output_padding must be less than the strides", at: Place(key: "output_padding"), found: Shape.text(extra),
                    expected: "numbers below \(Shape.text(settings.strides))")
            }
        }
        let axes = settings.dataFormat.axes(rank: Self.spatialRank).spatial
        let spatial = try zip(axes, 0...).map { axis, index in try input[axis].map { try outputLength($0, index) } }
        return [shape(input, spatial: spatial, channels: filters)]
    }

    /// The length whose convolution gives `length`: the least if `outputPadding` says how much more, else what Keras takes.
    private func outputLength(_ length: Int, _ index: Int) throws -> Int {
        let (window, stride, dilation) = (settings.kernelSize[index], settings.strides[index], settings.dilationRate[index])
        let extent = (window - 1) * dilation + 1
        let product = try Shape(checking: [length, stride]).count
        var result = settings.padding == .valid ? product + max(extent - stride, 0) : product
        if let extra = outputPadding {
            result = product - stride + (settings.padding == .valid ? extent : extent % 2) + extra[index]
        }
        guard length > 0, try settings.padding.outputLength(result, window: window, stride: stride, dilation: dilation) == length else {
            throw KerasError(
                .mismatch, "no convolution with these windows gives the input's length", found: "\(length) cells from \(result)")
        }
        return try Shape(checking: [result]).count
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let weights = [try call.weight("kernel")] + (try bias(inputs[0], call))
        let result = try lowered(inputs[0], call) { x in
            let output = try settings.kernelSize.indices.map { try outputLength(x.shape[$0 + 1], $0) }
            let offset = output.enumerated().map { index, length in
                settings.padding.edges(
                    length, window: settings.kernelSize[index], stride: settings.strides[index], dilation: settings.dilationRate[index]
                ).before
            }
            let op = TransposedConvolution(strides: settings.strides, dilation: settings.dilationRate, offset: offset, output: output)
            return try call.emit(.transposedConvolution(op), [x] + weights)
        }
        return [result]
    }
}
