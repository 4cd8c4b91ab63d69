import Tensors

/// Divided by the root of the mean square over `axis`, times a learnt scale: `(n, …)` → `(n, …)`.
public struct RMSNormalization: Layer {
    public static let className = "RMSNormalization"
    public static let dialects: Set<Dialect> = [.keras3]
    public static let blank = RMSNormalization()
    public static let keys: [ConfigKey<RMSNormalization>] = [
        ConfigKey(
            name: "axis", names: [:], dialects: Dialect.all, isRequired: false,
            decode: { json, context, layer in
                layer.axis = try Axes(config: json, in: context)
                layer.axis.values.sort()
            },
            encode: { layer, context in try layer.axis.config(in: context) },
            absent: { _, _ in }),
        .key("epsilon", \.epsilon),
    ]

    public var base = LayerBase()
    public var axis: Axes = -1
    public var epsilon = 1e-6

    public init(axis: Axes = -1, epsilon: Double = 1e-6, name: String? = nil) {
        self.axis = axis
        self.axis.values.sort()
        self.epsilon = epsilon
        base.name = name
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        [try WeightSpec("scale", try axis.resolved(in: inputs[0]).map(inputs[0].known), .ones)]
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        _ = try axis.resolved(in: inputs[0])
        return inputs
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let type = call.statisticsType
        let x = try call.cast(inputs[0], type)
        let axes = try axis.resolved(in: SymbolicShape(x.shape)).sorted()
        let meanSquare = try call.emit(.reduce(.mean, axes: axes, keepDims: true), try call.emit(.unary(.square), x))
        let inverse = try call.emit(.unary(.rsqrt), try call.emit(.unary(.affine(scale: 1, offset: epsilon)), meanSquare))
        // Unlike LayerNormalization, Keras lets the scale broadcast from the last axis on.
        let scaled = try call.emit(.binary(.multiply), try call.emit(.binary(.multiply), x, inverse), try call.weight("scale", as: type))
        return [try call.cast(scaled, call.computeType)]
    }
}
