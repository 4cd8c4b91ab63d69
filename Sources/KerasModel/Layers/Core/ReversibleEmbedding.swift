import JSON
import Tensors

/// An embedding that is called both ways: `(n, …)` → `(n, …, outputDim)`, and with `reverse` hidden states `(n, …, outputDim)` → scores
/// `(n, …, inputDim)` of each row.
public struct ReversibleEmbedding: Layer {
    public static let className = "ReversibleEmbedding"
    public static let dialects: Set<Dialect> = [.keras3]
    public static let blank = ReversibleEmbedding(0, 0)
    public static let castsInputs = false
    public static let callKeywords: JSONObject = ["reverse": false]
    public static let keys: [ConfigKey<ReversibleEmbedding>] =
        Embedding.keys.map { $0.at(\.embedding) } + [
            .key("tie_weights", \.tiesWeights),
            .key("reverse_dtype", \.reverseType),
            .key("logit_soft_cap", \.softCap),
        ]

    /// The embedding, under this layer's own name and weights.
    private var embedding: Embedding
    public var base: LayerBase {
        get { embedding.base }
        set { embedding.base = newValue }
    }
    /// Whether the way back uses the same rows. Keras: `tie_weights`.
    public var tiesWeights = true
    /// What the way back computes in. Keras: `reverse_dtype`.
    var reverseType: String?
    /// Scores are bent to stay below it. Keras: `logit_soft_cap`.
    public var softCap: Double?

    public init(_ inputDim: Int, _ outputDim: Int, tiesWeights: Bool = true, maskZero: Bool = false, name: String? = nil) {
        embedding = Embedding(inputDim, outputDim, maskZero: maskZero, name: name)
        self.tiesWeights = tiesWeights
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let rows = try embedding.weights(inputs)
        guard !tiesWeights else { return rows }
        let shape = [embedding.outputDim, embedding.inputDim]
        if base.dtype.isInt8 {
            return rows + [
                try WeightSpec("reverse_embeddings", shape, .zeros, isTrainable: false, dtype: .int8),
                try WeightSpec("reverse_embeddings_scale", [embedding.inputDim], .ones, isTrainable: false),
            ]
        }
        return rows + [try WeightSpec("reverse_embeddings", shape, embedding.embeddingsInitializer)]
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] { try embedding.outputShapes(inputs) }

    public func build(_ inputs: [SymbolicShape], _ builder: inout ModelBuilder) throws -> [SymbolicShape] {
        let isReverse = ReversibleEmbedding.isReverse(builder.keywords)
        let embedded = try embedding.outputShapes(inputs)
        builder.register(try weights(inputs), of: self)
        guard isReverse else { return embedded }
        let input = try onlyInput(inputs, ofRankAtLeast: 1)
        guard input.last == embedding.outputDim else {
            throw KerasError(.mismatch, "hidden states have another length", found: "\(input)", expected: "\(embedding.outputDim) last")
        }
        return [SymbolicShape(input.dims.dropLast() + [embedding.inputDim])]
    }

    private static func isReverse(_ keywords: JSONObject) -> Bool { keywords["reverse"] == true || keywords["reverse"] == 1 }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        guard ReversibleEmbedding.isReverse(call.keywords) else { return [try embedding.rows(at: inputs[0], call)] }
        let type = try reverseType.map { name in
            guard let type = DType(name: name), type.isFloatingPoint else {
                throw KerasError(.malformed, "this is no type to compute in", at: Place(key: "reverse_dtype"), found: "'\(name)'")
            }
            return type
        }
        var scores = base.dtype.isInt8 ? try quantizedScores(inputs[0], call) : try scores(inputs[0], type, call)
        if let softCap {
            let bent = try call.emit(.unary(.tanh), try call.emit(.binary(.divide), scores, try constant(softCap, scores.dtype, call)))
            scores = try call.emit(.binary(.multiply), bent, try constant(softCap, scores.dtype, call))
        }
        return [scores]
    }

    private func constant(_ number: Double, _ type: DType, _ call: LayerCall) throws -> Value {
        call.lowering.graph.constant(try Tensor([number], shape: []).converted(to: type))
    }

    private func scores(_ input: Value, _ type: DType?, _ call: LayerCall) throws -> Value {
        let kernel =
            tiesWeights
            ? try call.transpose(try embedding.adapter.weight("embeddings", call), [1, 0]) : try call.weight("reverse_embeddings")
        let type = type ?? call.computeType
        return try call.emit(.matrixMultiply, try call.cast(input, type), try call.cast(kernel, type))
    }

    private func quantizedScores(_ input: Value, _ call: LayerCall) throws -> Value {
        let kernel = tiesWeights ? try call.transpose(try call.weight("embeddings"), [1, 0]) : try call.weight("reverse_embeddings")
        let scales = try call.weight(tiesWeights ? "embeddings_scale" : "reverse_embeddings_scale")
        let x = try call.cast(input, call.computeType)
        guard let quantizer = try Int8.quantizer(embedding.quantizationConfig) else {
            return try call.emit(.binary(.divide), try call.emit(.matrixMultiply, x, kernel), scales)
        }
        let (steps, scale) = try Int8.steps(x, axes: [x.rank - 1], quantizer, call)
        let product = try call.emit(.matrixMultiply, steps, kernel)
        return try call.emit(.binary(.divide), product, try call.emit(.binary(.multiply), scale, scales))
    }

    public func masks(_ inputs: [Value], _ outputs: [Value], _ call: LayerCall) throws -> [Value?] {
        guard !ReversibleEmbedding.isReverse(call.keywords), embedding.maskZero else { return [nil] }
        return [try call.isNot(0, inputs[0])]
    }
}
