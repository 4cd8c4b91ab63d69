import Tensors

/// The channels in groups, each brought to mean 0 and variance 1 over its sample, then `gamma · x + beta`: `(n, …, c)` → `(n, …, c)`.
///
/// tf.keras weighs the numbers by a mask, broadcast against them as they are; Keras 3 only hands it on.
public struct GroupNormalization: Layer {
    public static let className = "GroupNormalization"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = GroupNormalization()
    public static let maskUse = MaskUse.passes
    public static let keys: [ConfigKey<GroupNormalization>] = [
        .key("groups", \.groups),
        .key("axis", \.axis),
        .key("epsilon", \.epsilon),
        .key("center", \.center),
        .key("scale", \.scale),
        .key("beta_initializer", \.betaInitializer),
        .key("gamma_initializer", \.gammaInitializer),
        .key("beta_regularizer", \.betaRegularizer),
        .key("gamma_regularizer", \.gammaRegularizer),
        .key("beta_constraint", \.betaConstraint),
        .key("gamma_constraint", \.gammaConstraint),
    ]

    public var base = LayerBase()
    /// −1 puts every channel in a group of its own.
    public var groups = 32
    public var axis = -1
    public var epsilon = 1e-3
    public var center = true
    public var scale = true
    public var betaInitializer = Initializer.zeros
    public var gammaInitializer = Initializer.ones
    public var betaRegularizer: Regularizer?
    public var gammaRegularizer: Regularizer?
    public var betaConstraint: Constraint?
    public var gammaConstraint: Constraint?

    public init(groups: Int = 32, axis: Int = -1, epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true, name: String? = nil) {
        self.groups = groups
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        base.name = name
    }

    /// The channel axis and the number of groups.
    private func resolved(_ input: SymbolicShape) throws -> (axis: Int, groups: Int) {
        let axis = try input.axis(axis)
        let channels = try input.known(axis)
        let count = groups == -1 ? channels : groups
        guard axis > 0, count > 0, channels % count == 0 else {
            throw KerasError(.mismatch, "the channels do not fall into these groups", found: "\(groups) groups of \(input), axis \(axis)")
        }
        return (axis, count)
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let shape = [try inputs[0].known(try inputs[0].axis(axis))]
        return try (scale ? [WeightSpec("gamma", shape, gammaInitializer, regularizer: gammaRegularizer, constraint: gammaConstraint)] : [])
            + (center ? [WeightSpec("beta", shape, betaInitializer, regularizer: betaRegularizer, constraint: betaConstraint)] : [])
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        _ = try resolved(inputs[0])
        return inputs
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        let axis = try move.axis(axis, of: inputs[0])
        return .either(with { $0.axis = axis })
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let type = call.statisticsType
        let shape = inputs[0].shape.dims
        let (axis, groups) = try resolved(SymbolicShape(inputs[0].shape))
        let grouped = Array(shape[..<axis]) + [groups, shape[axis] / groups] + shape[(axis + 1)...]
        let x = try call.reshape(try call.cast(inputs[0], type), grouped)
        let axes = (1...shape.count).filter { $0 != axis }
        let counted =
            try call.isOfOlderKeras
            ? call.mask(ofInput: 0).map { try call.reshape(try call.broadcast(try call.cast($0, type), Shape(shape)), grouped) } : nil
        func mean(_ x: Value) throws -> Value {
            guard let counted else { return try call.emit(.reduce(.mean, axes: axes, keepDims: true), x) }
            let sums = try [try call.emit(.binary(.multiply), x, counted), counted].map {
                try call.emit(.reduce(.sum, axes: axes, keepDims: true), $0)
            }
            // Nothing of nothing is 0.
            let none = try call.emit(.binary(.equal), sums[1], try call.cast(try call.constant([0], shape: []), type))
            return try call.emit(.binary(.divide), sums[0], try call.emit(.binary(.add), sums[1], none))
        }
        let centered = try call.emit(.binary(.subtract), x, try mean(x))
        let variance = try mean(try call.emit(.unary(.square), centered))
        let inverse = try call.emit(.unary(.rsqrt), try call.emit(.unary(.affine(scale: 1, offset: epsilon)), variance))
        var result = try call.reshape(try call.emit(.binary(.multiply), centered, inverse), shape)
        if scale {
            result = try call.emit(
                .binary(.multiply), result, try call.along([axis], try call.weight("gamma", as: type), rank: shape.count))
        }
        if center {
            result = try call.emit(.binary(.add), result, try call.along([axis], try call.weight("beta", as: type), rank: shape.count))
        }
        return [try call.cast(result, call.computeType)]
    }
}
