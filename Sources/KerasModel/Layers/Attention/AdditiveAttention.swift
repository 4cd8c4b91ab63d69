import JSON
import Tensors

/// Attention by sums of queries and keys, `Σ scale · tanh(q + k)`: ``SimpleAttention``.
public struct AdditiveAttention: SimpleAttention {
    public static let className = "AdditiveAttention"
    public static let blank = AdditiveAttention()
    public static let keys: [ConfigKey<AdditiveAttention>] = [
        .key("dropout", \.dropout, in: [.tfKeras]),
        .key("use_scale", \.useScale),
        .key("dropout", \.dropout, in: [.keras3]),
        .key("seed", \.seed, in: [.keras3]),
    ]

    public var base = LayerBase()
    /// Whether a weight scales each of what is added.
    public var useScale: Bool
    public var dropout: Double
    public var seed: Int?

    public init(useScale: Bool = true, dropout: Double = 0, seed: Int? = nil, name: String? = nil) {
        self.useScale = useScale
        self.dropout = dropout
        self.seed = seed
        base.name = name
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        // Queries and values are of one length here.
        useScale ? [try WeightSpec("scale", [try inputs[0].known(inputs[0].rank - 1)], .glorotUniform)] : []
    }

    public func scores(_ query: Value, _ key: Value, _ call: LayerCall) throws -> Value {
        var terms = try call.emit(.unary(.tanh), try call.sums(query, key))
        if useScale { terms = try call.emit(.binary(.multiply), terms, try call.weight("scale")) }
        return try call.emit(.reduce(.sum, axes: [query.rank], keepDims: false), terms)
    }
}
