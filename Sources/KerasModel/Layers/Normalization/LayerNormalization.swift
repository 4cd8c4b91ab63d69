import Tensors

/// Every sample's values brought to mean 0 and variance 1 over `axis`, then `gamma · x + beta`: `(n, …)` → `(n, …)`.
public struct LayerNormalization: Layer {
    public static let className = "LayerNormalization"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = LayerNormalization()
    public static let maskUse = MaskUse.passes
    public static let keys: [ConfigKey<LayerNormalization>] = [
        ConfigKey(
            name: "axis", names: [:], dialects: Dialect.all, isRequired: false,
            decode: { json, context, layer in
                layer.axis = try Axes(config: json, in: context)
                // Keras 3 has the weights' axes ascending; tf.keras has them as they were given.
                if context.dialect == .keras3 { layer.axis.values.sort() }
            },
            encode: { layer, context in
                guard context.dialect != .keras3 || layer.axis.values == layer.axis.values.sorted() else {
                    throw KerasError(.unsupported, "keras3 would sort the axes, and with them the weights'", found: "\(layer.axis.values)")
                }
                return try layer.axis.config(in: context)
            },
            absent: { _, _ in }),
        .key("epsilon", \.epsilon),
        .key("center", \.center),
        .key("scale", \.scale),
        .key("rms_scaling", \.rmsScaling, in: [.keras3]).needed { $0.rmsScaling },
        .key("beta_initializer", \.betaInitializer),
        .key("gamma_initializer", \.gammaInitializer),
        .key("beta_regularizer", \.betaRegularizer),
        .key("gamma_regularizer", \.gammaRegularizer),
        .key("beta_constraint", \.betaConstraint),
        .key("gamma_constraint", \.gammaConstraint),
    ]

    public var base = LayerBase()
    public var axis: Axes = -1
    public var epsilon = 1e-3
    public var center = true
    public var scale = true
    /// Only the scale is taken out, and neither the mean nor `beta` plays a part.
    public var rmsScaling = false
    public var betaInitializer = Initializer.zeros
    public var gammaInitializer = Initializer.ones
    public var betaRegularizer: Regularizer?
    public var gammaRegularizer: Regularizer?
    public var betaConstraint: Constraint?
    public var gammaConstraint: Constraint?

    public init(
        axis: Axes = -1, epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true, rmsScaling: Bool = false,
        betaInitializer: Initializer = .zeros, gammaInitializer: Initializer = .ones, name: String? = nil
    ) {
        self.axis = axis
        self.axis.values.sort()
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.rmsScaling = rmsScaling
        self.betaInitializer = betaInitializer
        self.gammaInitializer = gammaInitializer
        base.name = name
    }

    private var hasGamma: Bool { scale || rmsScaling }
    private var hasBeta: Bool { center && !rmsScaling }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let shape = try axis.resolved(in: inputs[0]).map(inputs[0].known)
        return try
            (hasGamma ? [WeightSpec("gamma", shape, gammaInitializer, regularizer: gammaRegularizer, constraint: gammaConstraint)] : [])
            + (hasBeta ? [WeightSpec("beta", shape, betaInitializer, regularizer: betaRegularizer, constraint: betaConstraint)] : [])
    }

    public func settled(rank: Int) -> Self { with { $0.axis = axis.settled(rank: rank) } }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        guard try !axis.resolved(in: inputs[0]).isEmpty else { throw KerasError(.mismatch, "LayerNormalization needs an axis") }
        return inputs
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        axis.values.count == 1 ? try relaid(move, inputs[0], \.axis) : .fixed
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let type = call.statisticsType
        let x = try call.cast(inputs[0], type)
        let axes = try axis.resolved(in: SymbolicShape(x.shape)).sorted()
        let mean = try call.emit(.reduce(.mean, axes: axes, keepDims: true), x)
        let centered = try call.emit(.binary(.subtract), x, mean)
        // The numbers are divided by how many there are, and not by one less.
        let variance = try call.emit(.reduce(.mean, axes: axes, keepDims: true), try call.emit(.unary(.square), centered))
        let inverse = try call.emit(.unary(.rsqrt), try call.emit(.unary(.affine(scale: 1, offset: epsilon)), variance))
        // With `rmsScaling` Keras divides by the standard deviation, and not by the root of the mean square its name says.
        var result = try call.emit(.binary(.multiply), rmsScaling ? x : centered, inverse)
        let shape = x.shape.dims.indices.map { axes.contains($0) ? x.shape[$0] : 1 }
        if hasGamma { result = try call.emit(.binary(.multiply), result, try call.reshape(try call.weight("gamma", as: type), shape)) }
        if hasBeta { result = try call.emit(.binary(.add), result, try call.reshape(try call.weight("beta", as: type), shape)) }
        return [try call.cast(result, call.computeType)]
    }
}
