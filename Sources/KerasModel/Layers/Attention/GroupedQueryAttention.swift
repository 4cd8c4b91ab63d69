import JSON
import Tensors

/// Attention whose keys and values have fewer heads than its queries, each serving several: query `(n, t, d)`, value and key `(n, s, e)` →
/// `(n, t, d)`; and the scores `(n, heads, t, s)` if they are asked for: ``HeadAttention``.
public struct GroupedQueryAttention: HeadAttention {
    public static let className = "GroupQueryAttention"
    public static let aliases = ["GroupedQueryAttention"]
    public static let attributePrefix = "_"
    public static var blank: GroupedQueryAttention { GroupedQueryAttention(headDim: 0, numQueryHeads: 0, numKeyValueHeads: 0) }
    public static let keys: [ConfigKey<GroupedQueryAttention>] = [
        .required("head_dim", \.headDim),
        .required("num_query_heads", \.numQueryHeads),
        .required("num_key_value_heads", \.numKeyValueHeads),
        .key("use_bias", \.useBias),
        .key("use_gate", \.useGate),
        .key("sliding_window", \.slidingWindow),
        .key("dropout", \.dropout),
        .key("kernel_initializer", \.kernelInitializer),
        .key("bias_initializer", \.biasInitializer),
        .key("kernel_regularizer", \.kernelRegularizer),
        .key("bias_regularizer", \.biasRegularizer),
        .key("activity_regularizer", \.partsRegularizer),
        .key("kernel_constraint", \.kernelConstraint),
        .key("bias_constraint", \.biasConstraint),
        .key("seed", \.seed),
    ]

    public var base = LayerBase()
    /// The class's name in Python; what it is exported as is another.
    public var typeName: String { "GroupedQueryAttention" }
    public var headDim: Int
    public var numQueryHeads: Int
    public var numKeyValueHeads: Int
    public var dropout: Double
    public var useBias: Bool
    public var useGate = false
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
    public let parts = AttentionParts()

    public init(
        headDim: Int, numQueryHeads: Int, numKeyValueHeads: Int, dropout: Double = 0, useBias: Bool = true, seed: Int? = nil,
        name: String? = nil
    ) {
        self.headDim = headDim
        self.numQueryHeads = numQueryHeads
        self.numKeyValueHeads = numKeyValueHeads
        self.dropout = dropout
        self.useBias = useBias
        self.seed = seed
        base.name = name
    }

    public var headSize: Int { headDim }
    /// Keras hands a mask that is joined with no other to its Softmax as it is.
    public var halvesMasks: Bool { true }
    public var repeats: Int { numQueryHeads / max(numKeyValueHeads, 1) }
    public func attendedAxes(rank: Int) throws -> [Int] { [1] }

    public func projections(_ query: SymbolicShape, _ value: SymbolicShape, _ key: SymbolicShape) throws -> AttentionProjections {
        guard headDim > 0, numKeyValueHeads > 0, numQueryHeads > 0, numQueryHeads % numKeyValueHeads == 0 else {
            throw KerasError(
                .malformed, "an attention layer needs heads", found: "\(numQueryHeads) for queries, \(numKeyValueHeads) for keys",
                expected: "a multiple of the second")
        }
        try query.check(rank: 3)
        try value.check(rank: 3)
        func part(_ base: LayerBase, _ name: String, _ heads: Int) -> EinsumDense {
            projection(base, name, free: 2, bound: 1, to: [heads, headDim], adopt)
        }
        var gate = useGate ? part(parts.gate, "gate", numQueryHeads) : nil
        gate?.activation = .sigmoid
        return AttentionProjections(
            query: part(parts.query, "query", numQueryHeads), key: part(parts.key, "key", numKeyValueHeads), gate: gate,
            value: part(parts.value, "value", numKeyValueHeads),
            output: projection(parts.output, "attention_output", free: 2, bound: 2, to: [try query.known(2)], adopt))
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
