import JSON
import Tensors

/// Attention without weights of its own to speak of: `[query (n, t, d), value (n, s, e)]`, or with `key (n, s, d)` → `(n, t, e)`, and the scores
/// `(n, t, s)` if they are asked for.
public protocol SimpleAttention: Layer {
    /// How much goes to no value while training.
    var dropout: Double { get }
    var seed: Int? { get }
    /// What each query gives each key, `(n, t, s)`.
    func scores(_ query: Value, _ key: Value, _ call: LayerCall) throws -> Value
}

extension SimpleAttention {
    public static var inputCount: ClosedRange<Int> { 2...3 }
    public static var dialects: Set<Dialect> { [.tfKeras, .keras3] }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let shapes = try checked(inputs)
        return [SymbolicShape(shapes.query.dims.dropLast() + [shapes.value[shapes.value.rank - 1]])]
    }

    public func build(_ inputs: [SymbolicShape], _ builder: inout ModelBuilder) throws -> [SymbolicShape] {
        let shapes = try checked(inputs)
        builder.register(try weights(inputs), of: self)
        let scores = SymbolicShape(shapes.query.dims.dropLast() + [shapes.key[shapes.key.rank - 2]])
        return try outputShapes(inputs) + (builder.keywords.isSet("return_attention_scores") ? [scores] : [])
    }

    private func checked(_ inputs: [SymbolicShape]) throws -> (query: SymbolicShape, value: SymbolicShape, key: SymbolicShape) {
        let (query, value, key) = (inputs[0], inputs[1], inputs.count > 2 ? inputs[2] : inputs[1])
        let fits = query.rank >= 2 && query.rank == value.rank && query.rank == key.rank
        guard fits, value[value.rank - 2] == key[key.rank - 2] || value[value.rank - 2] == nil || key[key.rank - 2] == nil else {
            throw KerasError(
                .mismatch, "query, value and key do not fit together", found: inputs.map(\.description).joined(separator: ", "),
                expected: "as many axes, and as many keys as values")
        }
        return (query, value, key)
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        try call.refuseTrainingMode()
        let values = try inputs.map { try call.cast($0, call.computeType) }
        let (query, value, key) = (values[0], values[1], values.count > 2 ? values[2] : values[1])
        var scores = try scores(query, key, call)
        if let mask = try mask(of: scores, call) {
            let low = LayerCall.lowest(scores.dtype, half: -65504)
            // Keras takes a number away, which leaves the differences of what is masked where nothing else is left.
            scores = try call.lowered(mask, scores, by: low)
        }
        let shares = try call.emit(.softmax(axis: scores.rank - 1), scores)
        let kept = call.isTraining ? try call.dropout(shares, rate: dropout, noiseShape: nil, seed: seed) : shares
        var result = try call.emit(.matrixMultiply, kept, value)
        if let mask = call.mask(ofInput: 0) {
            let counted = try call.cast(try call.reshape(mask, mask.shape.dims + [1]), result.dtype)
            result = call.isOfOlderKeras ? try call.emit(.binary(.multiply), result, counted) : try call.choose(counted, result)
        }
        return [result] + (call.keywords.isSet("return_attention_scores") ? [shares] : [])
    }

    /// Which values each query may look at: those the mask leaves, and with a causal one those up to its own place.
    private func mask(of scores: Value, _ call: LayerCall) throws -> Value? {
        let given = try call.mask(ofInput: 1).map { mask in
            try call.reshape(mask, mask.shape.dims.inserting(1, at: mask.rank - 1))
        }
        guard isCausal || call.keywords.isSet("use_causal_mask") else { return given }
        let causal = try call.causalMask(scores.shape[scores.rank - 2], scores.shape[scores.rank - 1])
        return try given.map { try call.allOf($0, causal) } ?? causal
    }

    /// The older word for it, a setting of the layer.
    private var isCausal: Bool { base.unknownKeys["causal"] == true }

    /// The query's.
    public func masks(_ inputs: [Value], _ outputs: [Value], _ call: LayerCall) throws -> [Value?] {
        outputs.indices.map { $0 == 0 ? call.carriedMask(ofInput: 0) : nil }
    }

    /// Calls the layer on query and value, or on key too.
    public func callAsFunction(
        _ query: SymbolicTensor, _ value: SymbolicTensor, key: SymbolicTensor? = nil, useCausalMask: Bool = false
    ) -> SymbolicTensor {
        let tensors = [query, value] + (key.map { [$0] } ?? [])
        return SymbolicTensor(
            SymbolicCall(
                layer: self, arguments: [.list(tensors.map(Tree.leaf))], keywords: useCausalMask ? ["use_causal_mask": true] : [:]))
    }
}

extension JSONObject {
    /// Whether a flag of a call is up.
    func isSet(_ key: String) -> Bool { self[key] == true || self[key] == 1 }
}

extension LayerCall {
    /// `(1, t, s)`: 1 where the key does not come after the query.
    func causalMask(_ queries: Int, _ keys: Int) throws -> Value {
        try mask((0..<queries).flatMap { query in (0..<keys).map { $0 <= query ? 1 : 0 } }, [1, queries, keys])
    }

    /// `(1, t, s)`: 1 where the key is less than `window` steps away.
    func slidingMask(_ queries: Int, _ keys: Int, window: Int) throws -> Value {
        try mask((0..<queries).flatMap { query in (0..<keys).map { abs($0 - query) < window ? 1 : 0 } }, [1, queries, keys])
    }
}
