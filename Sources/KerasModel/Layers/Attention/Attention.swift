import JSON
import Tensors

/// Attention by products of queries and keys: ``SimpleAttention``.
public struct Attention: SimpleAttention {
    public static let className = "Attention"
    public static let blank = Attention()
    public static let keys: [ConfigKey<Attention>] = [
        .key("dropout", \.dropout, in: [.tfKeras]),
        .key("use_scale", \.useScale),
        // Keras 3 takes the word "dot" in an .h5 for its function of that name; without the key it is what is meant.
        .key("score_mode", \.scoreMode).written { $0.scoreMode != .dot || !$1.isForOldReaderOfKeras3 },
        .key("dropout", \.dropout, in: [.keras3]),
        .key("seed", \.seed, in: [.keras3]),
    ]

    /// How a query and a key come to a score.
    public enum ScoreMode: String, CaseIterable, ConfigValue, Sendable {
        /// `Σ q · k`.
        case dot
        /// `Σ tanh(q + k)`.
        case concat
    }

    public var base = LayerBase()
    /// Whether a weight scales the scores.
    public var useScale: Bool
    public var scoreMode: ScoreMode
    public var dropout: Double
    public var seed: Int?

    public init(useScale: Bool = false, scoreMode: ScoreMode = .dot, dropout: Double = 0, seed: Int? = nil, name: String? = nil) {
        self.useScale = useScale
        self.scoreMode = scoreMode
        self.dropout = dropout
        self.seed = seed
        base.name = name
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        (useScale ? [try WeightSpec("scale", [], .ones)] : [])
            + (scoreMode == .concat ? [try WeightSpec("concat_score_weight", [], .ones)] : [])
    }

    public func scores(_ query: Value, _ key: Value, _ call: LayerCall) throws -> Value {
        let rank = query.rank
        guard scoreMode == .concat else {
            let turned = try call.transpose(key, Array(0..<rank - 2) + [rank - 1, rank - 2])
            let scores = try call.emit(.matrixMultiply, query, turned)
            return useScale ? try call.emit(.binary(.multiply), scores, try call.weight("scale")) : scores
        }
        var sums = try call.sums(query, key)
        if useScale { sums = try call.emit(.binary(.multiply), sums, try call.weight("scale")) }
        let scores = try call.emit(.reduce(.sum, axes: [rank], keepDims: false), try call.emit(.unary(.tanh), sums))
        return try call.emit(.binary(.multiply), scores, try call.weight("concat_score_weight"))
    }
}

extension LayerCall {
    /// Each query with each key: `(n, t, d)` and `(n, s, d)` → `(n, t, s, d)`.
    func sums(_ query: Value, _ key: Value) throws -> Value {
        let rank = query.rank
        return try emit(
            .binary(.add), try reshape(query, query.shape.dims.inserting(1, at: rank - 1)),
            try reshape(key, key.shape.dims.inserting(1, at: rank - 2)))
    }
}
