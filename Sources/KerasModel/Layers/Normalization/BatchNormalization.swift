import JSON
import Tensors

/// Predicting, `gamma · (x − movingMean) / √(movingVariance + epsilon) + beta` along `axis`: `(n, …)` → `(n, …)`.
/// Training normalizes with the batch's own mean and variance, and moves the two towards them.
public struct BatchNormalization: Layer {
    public static let className = "BatchNormalization"
    public static let callKeywords: JSONObject = ["mask": nil]
    /// TensorFlow 1 told its two implementations apart.
    public static let aliases = ["BatchNormalizationV1", "BatchNormalizationV2"]
    public static let blank = BatchNormalization()
    public static let maskUse = MaskUse.passes
    public static let keys: [ConfigKey<BatchNormalization>] = [
        ConfigKey(
            name: "axis", names: [:], dialects: Dialect.all, isRequired: false,
            decode: { json, context, layer in layer.axis = try Axes(config: json, in: context) },
            // A list of one is tf.keras's way alone.
            encode: { layer, context in
                context.dialect == .tfKeras && !context.isUniversal
                    ? try layer.axis.config(in: context) : try layer.singleAxis(in: context).config(in: context)
            },
            absent: { _, _ in }),
        .key("momentum", \.momentum),
        .key("epsilon", \.epsilon),
        .key("center", \.center),
        .key("scale", \.scale),
        .key("beta_initializer", \.betaInitializer),
        .key("gamma_initializer", \.gammaInitializer),
        .key("moving_mean_initializer", \.movingMeanInitializer),
        .key("moving_variance_initializer", \.movingVarianceInitializer),
        .key("beta_regularizer", \.betaRegularizer),
        .key("gamma_regularizer", \.gammaRegularizer),
        .key("beta_constraint", \.betaConstraint),
        .key("gamma_constraint", \.gammaConstraint),
        .key("synchronized", \.synchronized, in: [.keras3]),
        .key("renorm", \.renorm, in: [.tfKeras, .keras3]).written(where: writesRenorm).needed { $0.renorm },
        .key("renorm_clipping", \.renormClipping, in: [.tfKeras, .keras3]).written(where: writesRenorm),
        .key("renorm_momentum", \.renormMomentum, in: [.tfKeras, .keras3]).written(where: writesRenorm),
    ]

    /// tf.keras writes these keys only of a layer that uses them.
    private static let writesRenorm: @Sendable (BatchNormalization, EncodingContext) -> Bool = { layer, context in
        layer.renorm || context.dialect == .keras3
    }

    public var base = LayerBase()
    public var axis: Axes = -1
    public var momentum = 0.99
    public var epsilon = 1e-3
    public var center = true
    public var scale = true
    public var betaInitializer = Initializer.zeros
    public var gammaInitializer = Initializer.ones
    public var movingMeanInitializer = Initializer.zeros
    public var movingVarianceInitializer = Initializer.ones
    public var betaRegularizer: Regularizer?
    public var gammaRegularizer: Regularizer?
    public var betaConstraint: Constraint?
    public var gammaConstraint: Constraint?
    /// Whether replicas share their statistics.
    public var synchronized = false
    /// Batch renormalization: training uses the moving statistics too.
    public var renorm = false
    var renormClipping: JSON = nil
    var renormMomentum = 0.99

    public init(
        axis: Axes = -1, momentum: Double = 0.99, epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true,
        betaInitializer: Initializer = .zeros, gammaInitializer: Initializer = .ones, movingMeanInitializer: Initializer = .zeros,
        movingVarianceInitializer: Initializer = .ones, name: String? = nil
    ) {
        self.axis = axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.betaInitializer = betaInitializer
        self.gammaInitializer = gammaInitializer
        self.movingMeanInitializer = movingMeanInitializer
        self.movingVarianceInitializer = movingVarianceInitializer
        base.name = name
    }

    private func singleAxis(in context: EncodingContext) throws -> Int {
        guard axis.values.count == 1 else {
            throw KerasError(.unsupported, "\(context.dialect.rawValue) normalizes along one axis alone", found: "\(axis.values)")
        }
        return axis.values[0]
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let input = inputs[0]
        let axes = try resolvedAxes(input)
        // Along several axes a weight has the input's rank.
        let shape =
            axes.count == 1
            ? [try input.known(axes[0])] : try input.dims.indices.map { axes.contains($0) ? try input.known($0) : 1 }
        var specs: [WeightSpec] = []
        if scale {
            specs.append(try WeightSpec("gamma", shape, gammaInitializer, regularizer: gammaRegularizer, constraint: gammaConstraint))
        }
        if center { specs.append(try WeightSpec("beta", shape, betaInitializer, regularizer: betaRegularizer, constraint: betaConstraint)) }
        specs.append(try WeightSpec("moving_mean", shape, movingMeanInitializer, isTrainable: false))
        specs.append(try WeightSpec("moving_variance", shape, movingVarianceInitializer, isTrainable: false))
        if renorm {
            specs.append(try WeightSpec("moving_stddev", shape, .ones, isTrainable: false))
            specs.append(try WeightSpec("renorm_mean", shape, movingMeanInitializer, isTrainable: false))
            specs.append(try WeightSpec("renorm_stddev", shape, .ones, isTrainable: false))
        }
        return specs
    }

    private func resolvedAxes(_ input: SymbolicShape) throws -> [Int] {
        let axes = try axis.resolved(in: input)
        guard !axes.isEmpty, !axes.contains(0) else {
            throw KerasError(.mismatch, "a batch cannot be normalized along itself", found: "axis \(axis.values)")
        }
        return axes
    }

    public func settled(rank: Int) -> Self { with { $0.axis = axis.settled(rank: rank) } }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        _ = try resolvedAxes(inputs[0])
        return inputs
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        axis.values.count == 1 ? try relaid(move, inputs[0], \.axis) : .fixed
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        try call.refuseTrainingMode()
        let type = call.statisticsType
        let x = try call.cast(inputs[0], type)
        let axes = try resolvedAxes(SymbolicShape(x.shape))
        let isTraining = call.isTraining && (call.isTrainable || call.layer.base.dialect == .keras2)
        let normalized = isTraining ? try byBatch(x, axes, call, type) : try byMovingStatistics(x, axes, call, type)
        return [try call.cast(normalized, call.computeType)]
    }

    private func byMovingStatistics(_ x: Value, _ axes: [Int], _ call: LayerCall, _ type: DType) throws -> Value {
        // All of this hangs on weights alone.
        let variance = try call.emit(.unary(.affine(scale: 1, offset: epsilon)), try call.weight("moving_variance", as: type))
        var factor = try call.emit(.unary(.rsqrt), variance)
        if scale { factor = try call.emit(.binary(.multiply), try call.weight("gamma", as: type), factor) }
        var shift = try call.emit(.binary(.multiply), try call.weight("moving_mean", as: type), factor)
        shift = center ? try call.emit(.binary(.subtract), try call.weight("beta", as: type), shift) : try call.emit(.unary(.negate), shift)

        let scaled = try call.emit(.binary(.multiply), x, try call.along(axes, factor, rank: x.rank))
        return try call.emit(.binary(.add), scaled, try call.along(axes, shift, rank: x.rank))
    }

    /// Training: with the batch's own mean and variance, towards which the moving ones go.
    private func byBatch(_ x: Value, _ axes: [Int], _ call: LayerCall, _ type: DType) throws -> Value {
        guard !renorm || !call.isOfOlderKeras else {
            throw KerasError(.unsupported, "batch renormalization is trained as Keras 3 does it alone", at: Place(key: "renorm"))
        }
        let others = (0..<x.rank).filter { !axes.contains($0) }
        let counted = try countedSteps(x, axes, call)
        let mean = try self.mean(x, over: others, counted, call)
        let centered = try call.emit(.binary(.subtract), x, mean)
        let variance = try self.mean(try call.emit(.unary(.square), centered), over: others, counted, call)
        var factor = try call.emit(.unary(.rsqrt), try call.emit(.unary(.affine(scale: 1, offset: epsilon)), variance))
        let correction = renorm ? try self.correction(mean, variance, axes, call, type) : nil
        if let correction { factor = try call.emit(.binary(.multiply), correction.scale, factor) }
        let gamma = scale ? try call.along(axes, try call.weight("gamma", as: type), rank: x.rank) : nil
        if let gamma { factor = try call.emit(.binary(.multiply), gamma, factor) }
        var normalized = try call.emit(.binary(.multiply), centered, factor)
        if let shift = correction?.shift {
            normalized = try call.emit(.binary(.add), normalized, try gamma.map { try call.emit(.binary(.multiply), shift, $0) } ?? shift)
        }
        if center {
            normalized = try call.emit(.binary(.add), normalized, try call.along(axes, try call.weight("beta", as: type), rank: x.rank))
        }
        guard call.isTrainable else { return normalized }
        if renorm {
            try moveRenormed(mean, variance, call, type)
            return normalized
        }
        let count = Double(others.reduce(1) { $0 * x.shape[$1] })
        for (name, value, scale) in [("moving_mean", mean, 1), ("moving_variance", variance, spread(count, x.rank, axes, call))] {
            try move(name, towards: value, momentum, times: scale, call, type)
        }
        return normalized
    }

    /// - Returns: what the statistic becomes.
    @discardableResult
    private func move(_ name: String, towards value: Value, _ momentum: Double, times scale: Double = 1, _ call: LayerCall, _ type: DType)
        throws
        -> Value
    {
        let old = try call.state(name, as: type)
        let kept = try call.emit(.unary(.affine(scale: momentum, offset: 0)), old)
        let share = try call.emit(.unary(.affine(scale: (1 - momentum) * scale, offset: 0)), try call.reshape(value, old.shape.dims))
        let new = try call.emit(.binary(.add), kept, share)
        try call.update(name, to: try call.cast(new, try call.weight(name, as: nil).dtype))
        return new
    }

    /// How far the batch's spread and mean are from those that were before, within bounds; nothing goes back through either.
    private func correction(_ mean: Value, _ variance: Value, _ axes: [Int], _ call: LayerCall, _ type: DType) throws -> (
        scale: Value, shift: Value
    ) {
        func bound(_ name: String) -> Double? { renormClipping[name]?.number }
        func clipped(_ x: Value, _ low: Double?, _ high: Double?) throws -> Value {
            let x = try call.emit(.stopGradient, x)
            return low == nil && high == nil ? x : try call.emit(.unary(.clamp(low: low ?? -.infinity, high: high ?? .infinity)), x)
        }
        func former(_ name: String) throws -> Value { try call.along(axes, try call.state(name, as: type), rank: mean.rank) }
        let spread = try call.emit(.unary(.clamp(low: epsilon.squareRoot(), high: .infinity)), try former("renorm_stddev"))
        let scale = try call.emit(.binary(.divide), try self.spread(variance, call), spread)
        let shift = try call.emit(.binary(.divide), try call.emit(.binary(.subtract), mean, try former("renorm_mean")), spread)
        return (
            try clipped(scale, bound("rmin"), bound("rmax")), try clipped(shift, bound("dmax").map { -$0 }, bound("dmax"))
        )
    }

    private func spread(_ variance: Value, _ call: LayerCall) throws -> Value {
        try call.emit(.unary(.sqrt), try call.emit(.unary(.affine(scale: 1, offset: epsilon)), variance))
    }

    /// With renormalization the spread moves, and the variance that predictions take is its square.
    private func moveRenormed(_ mean: Value, _ variance: Value, _ call: LayerCall, _ type: DType) throws {
        let spread = try self.spread(variance, call)
        try move("renorm_mean", towards: mean, renormMomentum, call, type)
        try move("renorm_stddev", towards: spread, renormMomentum, call, type)
        try move("moving_mean", towards: mean, momentum, call, type)
        let moved = try call.emit(.unary(.square), try move("moving_stddev", towards: spread, momentum, call, type))
        let left = try call.emit(.unary(.clamp(low: 0, high: .infinity)), try call.emit(.unary(.affine(scale: 1, offset: -epsilon)), moved))
        try call.update("moving_variance", to: try call.cast(left, try call.weight("moving_variance", as: nil).dtype))
    }

    /// 1 for each number whose step the mask leaves, else 0; nil if all are looked at: where there is no mask, and where Keras does not heed it,
    /// as Keras 2 and the kernel that tf.keras takes for images do not.
    private func countedSteps(_ x: Value, _ axes: [Int], _ call: LayerCall) throws -> Value? {
        let ignoresMasks = call.layer.base.dialect == .keras2 || isFused(x.rank, axes)
        guard let mask = call.mask(ofInput: 0), !ignoresMasks else { return nil }
        guard mask.rank == x.rank - 1 else {
            throw KerasError(.mismatch, "a mask does not fit what it masks", found: "\(mask.shape) for \(x.shape)")
        }
        return try call.broadcast(try call.cast(try call.reshape(mask, mask.shape.dims + [1]), x.dtype), x.shape)
    }

    /// The mean over some axes of what counts. Keras 3 adds a little to what it divides by.
    private func mean(_ x: Value, over axes: [Int], _ counted: Value?, _ call: LayerCall) throws -> Value {
        guard let counted else { return try call.emit(.reduce(.mean, axes: axes, keepDims: true), x) }
        let left = call.isOfOlderKeras ? try call.emit(.binary(.multiply), x, counted) : try call.choose(counted, x)
        let sums = try [left, counted].map { try call.emit(.reduce(.sum, axes: axes, keepDims: true), $0) }
        let weight = call.isOfOlderKeras ? sums[1] : try call.emit(.unary(.affine(scale: 1, offset: 1e-7)), sums[1])
        return try call.emit(.binary(.divide), sums[0], weight)
    }

    /// Whether tf.keras takes TensorFlow's kernel for images and volumes.
    private func isFused(_ rank: Int, _ axes: [Int]) -> Bool {
        base.dialect == .tfKeras && (rank == 4 || rank == 5) && (axes == [1] || axes == [rank - 1])
    }

    /// What the batch's variance is multiplied by before the moving one goes towards it: Keras 2, and the kernel that tf.keras takes for
    /// images, have that of a sample stand for that of all.
    private func spread(_ count: Double, _ rank: Int, _ axes: [Int], _ call: LayerCall) -> Double {
        switch call.layer.base.dialect {
        case .keras2: count / max(count - 1 - epsilon, 1)
        case .tfKeras where isFused(rank, axes): count / max(count - 1, 1)
        default: 1
        }
    }
}

extension LayerCall {
    /// Statistics of half-precision numbers are taken in float32, as they overflow.
    var statisticsType: DType { computeType == .float16 || computeType == .bfloat16 ? .float32 : computeType }

    /// A weight along one axis, shaped so that it broadcasts against values of this rank. One of the rank already stays as it is.
    func along(_ axes: [Int], _ weight: Value, rank: Int) throws -> Value {
        guard weight.rank == 1, axes != [rank - 1] else { return weight }
        var dims = [Int](repeating: 1, count: rank)
        dims[axes[0]] = weight.shape[0]
        return try reshape(weight, dims)
    }
}
