import JSON
import Tensors

/// Whole numbers as vectors of 0 and 1, or counts: `(n, s)` → `(n, s, numTokens)` or `(n, numTokens)`. Counts may come with a weight for each
/// number, `count_weights (n, s)`.
public struct CategoryEncoding: Layer {
    public static let className = "CategoryEncoding"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = CategoryEncoding(0)
    public static let castsInputs = false
    public static let inputCount = 1...2
    public static let argumentNames = ["inputs", "count_weights"]
    public static let keys: [ConfigKey<CategoryEncoding>] = [
        .required("num_tokens", \.tokenCount),
        .key("output_mode", \.outputMode),
        .key("sparse", \.sparse, in: [.tfKeras]),
    ]

    public var base = LayerBase()
    /// Keras: `num_tokens`.
    public var tokenCount: Int
    public var outputMode = OutputMode.multiHot
    var sparse = false

    public init(_ tokenCount: Int, outputMode: OutputMode = .multiHot, name: String? = nil) {
        self.tokenCount = tokenCount
        self.outputMode = outputMode
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        try checkExtents([tokenCount], rank: 1, key: "num_tokens")
        guard !sparse else { throw KerasError(.unsupported, "sparse tensors are not run", at: Place(key: "sparse"), found: "true") }
        return [try outputMode.outputShape(try onlyInput(Array(inputs.prefix(1))), depth: tokenCount)]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let x = inputs[0].dtype.isFloatingPoint ? inputs[0] : try call.cast(inputs[0], .float32)
        let weights = try call.arguments.tensor("count_weights", at: 1).map { try call.cast(inputs[$0], call.computeType) }
        guard weights == nil || outputMode == .count else {
            throw KerasError(
                .mismatch, "weights are for counts", at: Place(key: "output_mode"), found: outputMode.rawValue,
                expected: OutputMode.count.rawValue)
        }
        return [try outputMode.encode(x, weights: weights, depth: tokenCount, call)]
    }
}
