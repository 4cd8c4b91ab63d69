import JSON
import Tensors

/// Attention of several heads: query `(n, t, d)`, value `(n, s, e)`, key `(n, s, c)` → `(n, t, d)`, or with the output's own shape; and the scores
/// `(n, heads, t, s)` if they are asked for: ``HeadAttention``.
public struct MultiHeadAttention: HeadAttention {
    public static let className = "MultiHeadAttention"
    public static var blank: MultiHeadAttention { MultiHeadAttention(numHeads: 0, keyDim: 0) }
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let keys: [ConfigKey<MultiHeadAttention>] = [
        .required("num_heads", \.numHeads),
        .required("key_dim", \.keyDim),
        .key("value_dim", \.valueDim),
        .key("dropout", \.dropout),
        .key("use_bias", \.useBias),
        .key("use_gate", \.useGate, in: [.keras3]).needed { $0.useGate },
        .key("output_shape", \.outputShape.list),
        .key("attention_axes", \.attentionAxes.list),
        .key("sliding_window", \.slidingWindow, in: [.keras3]).needed { $0.slidingWindow != nil },
        .key("kernel_initializer", \.kernelInitializer),
        .key("bias_initializer", \.biasInitializer),
        .key("kernel_regularizer", \.kernelRegularizer),
        .key("bias_regularizer", \.biasRegularizer),
        .key("activity_regularizer", \.partsRegularizer),
        .key("kernel_constraint", \.kernelConstraint),
        .key("bias_constraint", \.biasConstraint),
        shape("query_shape", \.queryShape, ofInput: 0),
        shape("key_shape", \.keyShape, ofInput: 2),
        shape("value_shape", \.valueShape, ofInput: 1),
        .key("softmax_robust_masking", \.softmaxIsRobust, in: [.tfKeras]),
        .key("seed", \.seed, in: [.keras3]),
    ]

    /// What tf.keras is built for stands among its settings.
    private static func shape(
        _ name: String, _ path: WritableKeyPath<MultiHeadAttention, JSON?> & Sendable, ofInput index: Int
    ) -> ConfigKey<MultiHeadAttention> {
        ConfigKey(
            name: name, names: [:], dialects: [.tfKeras], isRequired: false, decode: { json, _, layer in layer[keyPath: path] = json },
            encode: { layer, context in
                if let known = layer[keyPath: path] { return known }
                guard let inputs = context.heldInputs[layer.id], inputs.indices.contains(index) else { return nil }
                return inputs[index].config(in: context)
            }, absent: { _, _ in })
    }

    /// tf.keras builds it from shapes that Keras 3 does not take.
    public func check(outputs: [SymbolicShape], for context: EncodingContext) throws {
        guard context.isUniversal else { return }
        throw KerasError(
            .unsupported, "no words for this layer are read by every Keras", at: Place(layer: name), found: Self.className,
            expected: "a model for one Keras alone")
    }

    public var base = LayerBase()
    public var numHeads: Int
    /// The size of a head's queries and keys.
    public var keyDim: Int
    /// The size of a head's values; nil for that of its keys.
    public var valueDim: Int?
    public var dropout: Double
    public var useBias: Bool
    /// Whether the queries say how much of what is attended passes.
    public var useGate = false
    /// The output's lengths after the attended axes; nil for the query's last one.
    public var outputShape: [Int]?
    /// nil for all between the batch and the last.
    public var attentionAxes: [Int]?
    public var slidingWindow: Int?
    public var kernelInitializer = Initializer.glorotUniform
    public var biasInitializer = Initializer.zeros
    public var kernelRegularizer: Regularizer?
    public var biasRegularizer: Regularizer?
    /// Of what each layer inside gives.
    public var partsRegularizer: Regularizer?
    public var kernelConstraint: Constraint?
    public var biasConstraint: Constraint?
    public var seed: Int?
    var queryShape: JSON?
    var keyShape: JSON?
    var valueShape: JSON?
    public var softmaxIsRobust = false
    public let parts = AttentionParts()

    public init(
        numHeads: Int, keyDim: Int, valueDim: Int? = nil, dropout: Double = 0, useBias: Bool = true, outputShape: [Int]? = nil,
        attentionAxes: [Int]? = nil, seed: Int? = nil, name: String? = nil
    ) {
        self.numHeads = numHeads
        self.keyDim = keyDim
        self.valueDim = valueDim
        self.dropout = dropout
        self.useBias = useBias
        self.outputShape = outputShape
        self.attentionAxes = attentionAxes
        self.seed = seed
        base.name = name
    }

    public var headSize: Int { keyDim }
    public var clearsMasks: Bool { base.dialect != .tfKeras }

    public func attendedAxes(rank: Int) throws -> [Int] {
        guard let attentionAxes else { return Array(1..<max(rank - 2, 1)) }
        let axes = attentionAxes.map { $0 < 0 ? $0 + rank - 1 : $0 }
        guard Set(axes).count == axes.count, axes.allSatisfy({ (0..<rank - 2).contains($0) }) else {
            throw KerasError(.mismatch, "there are no such axes to attend along", at: Place(key: "attention_axes"), found: "\(axes)")
        }
        return axes
    }

    public func projections(_ query: SymbolicShape, _ value: SymbolicShape, _ key: SymbolicShape) throws -> AttentionProjections {
        guard numHeads > 0, keyDim > 0, (valueDim ?? 1) > 0, outputShape?.allSatisfy({ $0 > 0 }) ?? true, query.rank <= 8,
            value.rank <= 8
        else { throw KerasError(.malformed, "an attention layer needs heads", found: "\(numHeads) heads of \(keyDim)") }
        let width = valueDim ?? keyDim
        func part(_ base: LayerBase, _ name: String, _ shape: SymbolicShape, _ size: Int) -> EinsumDense {
            projection(base, name, free: shape.rank - 1, bound: 1, to: [numHeads, size], adopt)
        }
        let sizes = try outputShape ?? [query.known(query.rank - 1)]
        var gate = useGate ? part(parts.gate, "gate", query, width) : nil
        gate?.activation = .sigmoid
        return AttentionProjections(
            query: part(parts.query, "query", query, keyDim), key: part(parts.key, "key", key, keyDim), gate: gate,
            value: part(parts.value, "value", value, width),
            output: projection(parts.output, "attention_output", free: query.rank - 1, bound: 2, to: sizes, adopt))
    }

    private func adopt(_ layer: inout EinsumDense) {
        layer.kernelInitializer = kernelInitializer
        layer.biasInitializer = biasInitializer
        layer.kernelRegularizer = kernelRegularizer
        layer.biasRegularizer = biasRegularizer
        layer.activityRegularizer = partsRegularizer
        layer.kernelConstraint = kernelConstraint
        layer.biasConstraint = biasConstraint
    }
}

extension [Int]? {
    /// A list, or one number in its place.
    fileprivate var list: Lengths {
        get { Lengths(values: self) }
        set { self = newValue.values }
    }
}

private struct Lengths: ConfigValue {
    var values: [Int]?

    init(values: [Int]?) { self.values = values }

    init(config json: JSON, in context: DecodingContext) throws {
        if json.isNull { return }
        values = try json.integer.map { [$0] } ?? [Int](config: json, in: context)
    }

    func config(in context: EncodingContext) throws -> JSON { values.map { .array($0.map(JSON.integer)) } ?? .null }
}
