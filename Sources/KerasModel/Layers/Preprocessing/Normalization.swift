import JSON
import Tensors

/// `(x − mean) / √variance` for every place along `axis`, of a mean and a variance given or learnt from data: `(n, …)` → `(n, …)`.
/// Inverted, `x · √variance + mean`.
public struct Normalization: Layer {
    public static let className = "Normalization"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = Normalization()
    public static let keys: [ConfigKey<Normalization>] = [
        .key("axis", \.axisOrNone),
        .key("invert", \.invert),
        .key("mean", \.mean),
        .key("variance", \.variance),
    ]

    public var base = LayerBase()
    /// What keeps a mean of its own. Empty: one mean for all.
    public var axis: Axes = [-1]
    public var invert = false
    public var mean: Numbers?
    public var variance: Numbers?

    /// Learns mean and variance from data, and until then keeps 0 and 1.
    public init(axis: Axes = [-1], invert: Bool = false, name: String? = nil) {
        self.axis = axis
        self.invert = invert
        base.name = name
    }

    public init(axis: Axes = [-1], mean: [Double], variance: [Double], invert: Bool = false, name: String? = nil) {
        self.init(axis: axis, invert: invert, name: name)
        self.mean = mean.count == 1 ? Numbers(mean[0]) : Numbers(mean)
        self.variance = variance.count == 1 ? Numbers(variance[0]) : Numbers(variance)
    }

    /// Null is the empty list.
    private var axisOrNone: Axes? {
        get { axis }
        set { axis = newValue ?? [] }
    }

    private func keptAxes(_ input: SymbolicShape) throws -> [Int] { try axis.resolved(in: input).sorted() }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        guard mean == nil else { return [] }
        let shape = try keptAxes(inputs[0]).map(inputs[0].known)
        return [
            try WeightSpec("mean", shape, .zeros, isTrainable: false), try WeightSpec("variance", shape, .ones, isTrainable: false),
            // How many numbers were seen; only kept.
            try WeightSpec("count", [], .zeros, isTrainable: false, dtype: .int64),
        ]
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        guard (mean == nil) == (variance == nil) else {
            throw KerasError(
                .malformed, "Normalization needs both a mean and a variance, or neither", at: Place(key: mean == nil ? "mean" : "variance"))
        }
        for axis in try keptAxes(inputs[0]) { _ = try inputs[0].known(axis) }
        return inputs
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        axis.values.count <= 1 ? try relaid(move, inputs[0], \.axis) : .fixed
    }

    /// Keras 3 makes its mean and variance ready when it builds the layer, which in a nested model is before an `.h5` brings them.
    public func check(outputs: [SymbolicShape], for context: EncodingContext) throws {
        guard mean == nil, context.isNested, context.isForOldReaderOfKeras3 else { return }
        throw KerasError(
            .unsupported, "Keras 3 overlooks what this layer of a nested model has learnt in such a file", at: Place(layer: name),
            expected: "a .keras file")
    }

    /// Keras 3 alone hands the mask on.
    public func masks(_ inputs: [Value], _ outputs: [Value], _ call: LayerCall) throws -> [Value?] {
        [call.isOfOlderKeras ? nil : call.carriedMask(ofInput: 0)]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let x = try call.cast(inputs[0], call.computeType)
        let axes = try keptAxes(SymbolicShape(x.shape))
        let mean = try statistic(mean, "mean", axes, x, call)
        let variance = try statistic(variance, "variance", axes, x, call)
        let deviation = try call.emit(.unary(.clamp(low: 1e-7, high: .infinity)), try call.emit(.unary(.sqrt), variance))
        guard invert else { return [try call.emit(.binary(.divide), try call.emit(.binary(.subtract), x, mean), deviation)] }
        return [try call.emit(.binary(.add), mean, try call.emit(.binary(.multiply), x, deviation))]
    }

    /// Given or kept, with ones in the place of the other axes. Given ones are aligned with the kept axes from the last on.
    private func statistic(_ given: Numbers?, _ name: String, _ axes: [Int], _ x: Value, _ call: LayerCall) throws -> Value {
        let value = try given.map { try call.constant($0.values, shape: $0.shape) } ?? call.weight(name)
        guard value.rank <= axes.count else {
            throw KerasError(
                .mismatch, "a statistic has more axes than are kept", at: Place(key: name), found: "\(value.shape)",
                expected: "\(axes.count) axes")
        }
        var dims = [Int](repeating: 1, count: x.rank)
        for (axis, length) in zip(axes.reversed(), value.shape.dims.reversed()) {
            guard length == 1 || length == x.shape[axis] else {
                throw KerasError(
                    .mismatch, "a statistic does not fit its input", at: Place(key: name), found: "\(value.shape) for \(x.shape)")
            }
            dims[axis] = length
        }
        return try call.reshape(value, dims)
    }
}
