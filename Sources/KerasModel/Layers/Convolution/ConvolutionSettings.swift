import JSON
import Tensors

/// What every kind of convolution is told: its window, and what becomes of the sums. Each list has one entry per spatial axis.
public struct ConvolutionSettings: Sendable {
    public var kernelSize: [Int]
    public var strides: [Int]
    public var padding = Padding.valid
    public var dataFormat = DataFormat.channelsLast
    public var dilationRate: [Int]
    public var activation = ActivationFunction.linear
    public var useBias = true
    public var kernelInitializer = Initializer.glorotUniform
    public var biasInitializer = Initializer.zeros
    public var kernelRegularizer: Regularizer?
    public var biasRegularizer: Regularizer?
    public var activityRegularizer: Regularizer?
    public var kernelConstraint: Constraint?
    public var biasConstraint: Constraint?

    /// Everything at its default; the kernel's size, which has none, at one.
    init(rank: Int) {
        kernelSize = Array(repeating: 1, count: rank)
        strides = kernelSize
        dilationRate = kernelSize
    }

    var rank: Int { kernelSize.count }
}

/// A layer that moves a kernel over the spatial axes. What it is told besides its own properties reads as if it were its own: `layer.strides`.
@dynamicMemberLookup
public protocol ConvolutionFamily: Layer {
    static var spatialRank: Int { get }
    var settings: ConvolutionSettings { get set }
}

extension ConvolutionFamily {
    public subscript<V>(dynamicMember path: WritableKeyPath<ConvolutionSettings, V>) -> V {
        get { settings[keyPath: path] }
        set { settings[keyPath: path] = newValue }
    }

    public var activityRegularizer: Regularizer? { settings.activityRegularizer }

    /// Keras 3 writes a penalty on the output before the layer's own keys, as it may stand on any layer; what stands in the layer's own
    /// place is null.
    static var activityKey: ConfigKey<Self> {
        .key("activity_regularizer", \.settings.activityRegularizer, in: [.keras3]).written { layer, _ in
            layer.settings.activityRegularizer != nil
        }
    }

    /// Checks what no file or caller may say, and what Keras refuses.
    ///
    /// - Parameter counts: further numbers that must be positive, by key.
    /// - Returns: the one input.
    func checkedInput(_ inputs: [SymbolicShape], counts: [(key: String, value: Int)], allowsCausal: Bool = false) throws -> SymbolicShape {
        let input = try onlyInput(inputs)
        try input.check(rank: Self.spatialRank + 2)
        let lists = [("kernel_size", settings.kernelSize), ("strides", settings.strides), ("dilation_rate", settings.dilationRate)]
        for (key, list) in lists { try checkExtents(list, rank: Self.spatialRank, key: key) }
        for (key, value) in counts { try checkExtents([value], rank: 1, key: key) }
        guard settings.padding != .causal || (Self.spatialRank == 1 && allowsCausal) else {
            throw KerasError(
                .mismatch, "this layer has no causal padding", at: Place(key: "padding"), found: "\(Self.className)")
        }
        return input
    }

    /// Keras runs windows that both jump and spread in none of its generations.
    func checkStridesOrDilation() throws {
        guard settings.strides.allSatisfy({ $0 == 1 }) || settings.dilationRate.allSatisfy({ $0 == 1 }) else {
            throw KerasError(
                .mismatch, "strides and dilation_rate cannot both be above 1", at: Place(key: "dilation_rate"),
                found: "strides \(Shape.text(settings.strides)), dilation_rate \(Shape.text(settings.dilationRate))")
        }
    }

    /// The length of the axis the kernel's rows hang on.
    func channels(_ input: SymbolicShape) throws -> Int {
        try input.known(settings.dataFormat.axes(rank: Self.spatialRank).channels)
    }

    /// The shape of `channels` feature maps of these spatial lengths, in the layer's data format, after its activation.
    func shape(_ input: SymbolicShape, spatial: [Int?], channels: Int) -> SymbolicShape {
        let dims: [Int?] = settings.dataFormat == .channelsLast ? spatial + [channels] : [channels] + spatial
        return settings.activation.outputShape(SymbolicShape([input.dims.first ?? nil] + dims))
    }

    /// The number of places the window has along each spatial axis.
    func windowCounts(_ input: SymbolicShape) throws -> [Int?] {
        let axes = settings.dataFormat.axes(rank: Self.spatialRank).spatial
        return try zip(axes, 0...).map { axis, index in
            try settings.padding.outputLength(
                input[axis], window: settings.kernelSize[index], stride: settings.strides[index], dilation: settings.dilationRate[index])
        }
    }

    /// The primitive that moves the window over `x (n, s…, c)`.
    func convolution(_ x: Value, groups: Int) -> Op {
        let padding = settings.kernelSize.indices.map {
            settings.padding.edges(
                x.shape[$0 + 1], window: settings.kernelSize[$0], stride: settings.strides[$0], dilation: settings.dilationRate[$0])
        }
        return .convolution(Convolution(strides: settings.strides, dilation: settings.dilationRate, padding: padding, groups: groups))
    }

    /// The bias, if there is one that goes along the channels.
    func bias(_ input: Value, _ call: LayerCall) throws -> [Value] {
        try settings.useBias && !misplacesBias(input) ? [call.weight("bias")] : []
    }

    private func misplacesBias(_ input: Value) throws -> Bool {
        guard base.addsBiasAsTensorFlow, settings.useBias, settings.dataFormat == .channelsFirst else { return false }
        return biasFitsTwice(try outputShapes([SymbolicShape(input.shape)])[0])
    }

    /// Whether a bias fits the last axis of channels-first maps as well as their channels.
    private func biasFitsTwice(_ output: SymbolicShape) -> Bool {
        settings.useBias && settings.dataFormat == .channelsFirst && output.rank > 2 && output.last == output[1] && output[1] != nil
            && output[1] != 1
    }

    /// What to beware of where that hangs on the length of the input; nil if it does not.
    private func biasCaution(_ output: SymbolicShape) -> String? {
        guard settings.useBias, settings.dataFormat == .channelsFirst, output.rank > 2, output.last == nil, let channels = output[1],
            channels != 1
        else { return nil }
        return "Keras 3 adds the bias of '\(name)' along the last axis, not the channels, where that has \(channels) cells as they are"
    }

    public func check(outputs: [SymbolicShape], for context: EncodingContext) throws {
        let returns = base.dialect == context.dialect && !context.isUniversal
        guard !returns else { return }
        for reader in context.readers where (reader == .keras3) != base.addsBiasAsTensorFlow {
            for caution in outputs.compactMap(biasCaution) { context.notes?.add(caution) }
            guard outputs.contains(where: biasFitsTwice) else { continue }
            throw KerasError(
                .unsupported, "\(reader.rawValue) would add the bias along another axis", at: Place(layer: name, key: "use_bias"),
                found: "\(outputs[0])", expected: "channels that are not as many as the cells of the last axis")
        }
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        guard settings.dataFormat == move.from else { return .fixed }
        let output = try outputShapes(inputs)[0]
        guard !base.addsBiasAsTensorFlow || !biasFitsTwice(output) else {
            throw KerasError(
                .unsupported, "Keras 3 adds this bias along the last axis, not the channels: the other data format has no word for that",
                at: Place(key: "use_bias"), found: "\(output)")
        }
        var copy = self
        copy.settings.dataFormat = move.to
        guard !base.addsBiasAsTensorFlow || !copy.biasFitsTwice(move(output)) else {
            throw KerasError(
                .unsupported, "Keras 3 would add the bias along the last axis, not the channels", at: Place(key: "use_bias"),
                found: "\(move(output))", expected: "channels that are not as many as the cells of the last axis")
        }
        let caution = base.addsBiasAsTensorFlow ? biasCaution(output) ?? copy.biasCaution(move(output)) : nil
        if settings.activation.isPointwise { return .moved(copy, caution: caution) }
        guard settings.activation == .softmax, settings.activityRegularizer == nil else {
            throw KerasError(
                .unsupported, "this activation goes along the last axis, which is another one then", at: Place(key: "activation"),
                found: "\(settings.activation)")
        }
        copy.settings.activation = .linear
        var softmax = Softmax(axis: Axes(try move.axis(-1, of: output)))
        softmax.base.dtype = base.dtype
        softmax.base.dialect = base.dialect
        return .moved(copy, then: softmax, caution: caution)
    }

    func biasSpec(_ length: Int) throws -> [WeightSpec] {
        settings.useBias
            ? [
                try WeightSpec(
                    "bias", [length], settings.biasInitializer, regularizer: settings.biasRegularizer, constraint: settings.biasConstraint)
            ] : []
    }

    /// `body` on the input with its channels last, then the activation on the result as it stands: softmax goes along the last axis even
    /// where that is a spatial one.
    func lowered(_ input: Value, _ call: LayerCall, _ body: (Value) throws -> Value) throws -> Value {
        var sums = try call.channelsLast(try call.cast(input, call.computeType), settings.dataFormat, body)
        if try misplacesBias(input) { sums = try call.emit(.binary(.add), sums, try call.weight("bias")) }
        return try settings.activation.lower(sums, call)
    }
}

/// - Throws: a `malformed` problem unless there are `rank` numbers, all positive and of a size that files may hold.
func checkExtents(_ values: [Int], rank: Int, key: String) throws {
    guard values.count == rank, values.allSatisfy({ $0 > 0 && $0 < 1 << 31 }) else {
        throw KerasError(
            .malformed, "a layer's setting is not possible", at: Place(key: key), found: Shape.text(values),
            expected: "\(rank) positive integer\(rank == 1 ? "" : "s")")
    }
}
