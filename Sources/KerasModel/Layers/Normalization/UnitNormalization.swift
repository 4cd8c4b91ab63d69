import Tensors

/// Divided by the Euclidean length over `axis`: `(n, …)` → `(n, …)`.
public struct UnitNormalization: Layer {
    public static let className = "UnitNormalization"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = UnitNormalization()
    public static let maskUse = MaskUse.passes
    public static let writesInputShape = false
    public static let keys: [ConfigKey<UnitNormalization>] = [.key("axis", \.axis)]

    public var base = LayerBase()
    public var axis: Axes = -1

    public init(axis: Axes = -1, name: String? = nil) {
        self.axis = axis
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        for input in inputs { _ = try axis.resolved(in: input) }
        return inputs
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { try relaid(move, inputs[0], \.axis) }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let x = try call.cast(inputs[0], call.computeType)
        return [try call.unitLength(x, axes: try axis.resolved(in: SymbolicShape(x.shape)).sorted(), least: 1e-12)]
    }
}

extension LayerCall {
    /// `x` divided by its Euclidean length over the axes. Keras 3 divides by no length under `least`; Keras before it by none under 1e-6,
    /// which only tells for vectors that are nearly nothing.
    func unitLength(_ x: Value, axes: [Int], least: Double) throws -> Value {
        let low = isOfOlderKeras ? 1e-12 : least * least
        let squares = try emit(.reduce(.sumOfSquares, axes: axes, keepDims: true), x)
        let inverse = try emit(.unary(.rsqrt), try emit(.unary(.clamp(low: low, high: .infinity)), squares))
        return try emit(.binary(.multiply), x, inverse)
    }
}
