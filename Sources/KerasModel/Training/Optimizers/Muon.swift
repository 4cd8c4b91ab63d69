import Tensors

/// Steps of matrices made orthogonal, and Adam's of all other variables. Keras: `Muon`. Described, so that files keep it and show it; not
/// trained with.
///
/// Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024; Liu et al., "Muon is Scalable for LLM Training", 2025.
public struct Muon: OptimizerAlgorithm {
    public static let names = FunctionNames("Muon", "muon")
    public static let keys: [ConfigKey<Muon>] = [
        .key("adam_beta_1", \.adamBeta1),
        .key("adam_beta_2", \.adamBeta2),
        .key("adam_weight_decay", \.adamWeightDecay),
        .key("epsilon", \.epsilon),
        .key("exclude_layers", \.excludeLayers),
        .key("exclude_embeddings", \.excludeEmbeddings),
        .key("momentum", \.momentum),
        .key("ns_steps", \.steps),
        .key("nesterov", \.nesterov),
    ]
    public var adamBeta1 = 0.9
    public var adamBeta2 = 0.999
    public var adamWeightDecay: Double? = 0.004
    public var epsilon = 1e-7
    /// Patterns of the paths of variables that Adam moves.
    public var excludeLayers: [String]?
    public var excludeEmbeddings = true
    public var momentum = 0.95
    /// Of Newton and Schulz. Keras: `ns_steps`.
    public var steps = 5
    public var nesterov = true

    public init() {}

    public var slots: [OptimizerSlot] { [] }
    public var isUneven: Bool { true }

    /// Variables that are Adam's have a velocity too. Nil where that hangs on a pattern that is more than a word: patterns of a file are not run.
    public func kept(of variable: Shape, path: String) -> [(name: String, shape: Shape)]? {
        let words = excludeLayers ?? []
        guard words.allSatisfy({ $0.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "/" } }) else { return nil }
        let isAdams =
            variable.rank != 2 || excludeEmbeddings && path.lowercased().contains("embedding") || words.contains { path.contains($0) }
        return [("momentum", variable)] + (isAdams ? [("velocity", variable)] : [])
    }
}
