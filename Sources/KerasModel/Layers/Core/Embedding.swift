import JSON
import Tensors

/// A row of a table for each whole number: `(n, …)` → `(n, …, outputDim)`.
public struct Embedding: Layer {
    public static let className = "Embedding"
    public static let blank = Embedding(0, 0)
    /// Half precision could not hold large indices.
    public static let castsInputs = false
    public static let keys: [ConfigKey<Embedding>] =
        [
            .required("input_dim", \.inputDim),
            .required("output_dim", \.outputDim),
            .key("embeddings_initializer", \.embeddingsInitializer),
            .key("embeddings_regularizer", \.embeddingsRegularizer),
            .key("activity_regularizer", \.activityRegularizer),
            .key("embeddings_constraint", \.embeddingsConstraint),
            .key("mask_zero", \.maskZero),
            .key("input_length", \.inputLength, in: Dialect.older),
            .key("quantization_config", \.quantizationConfig, in: [.keras3]),
        ] + Adapter.keys(at: \.adapter)

    public var base = LayerBase()
    /// The number of rows. Indices go from 0 to one less.
    public var inputDim: Int
    public var outputDim: Int
    public var embeddingsInitializer = Initializer.randomUniform
    public var embeddingsRegularizer: Regularizer?
    public var activityRegularizer: Regularizer?
    public var embeddingsConstraint: Constraint?
    /// Whether index 0 means that there is nothing, which later layers skip.
    public var maskZero = false
    /// What Keras before 3 wrote of the input's length; one number, or one per axis.
    var inputLength: JSON = nil
    var quantizationConfig: JSON?
    var adapter = Adapter()

    public init(
        _ inputDim: Int, _ outputDim: Int, embeddingsInitializer: Initializer = .randomUniform, embeddingsRegularizer: Regularizer? = nil,
        embeddingsConstraint: Constraint? = nil, maskZero: Bool = false, name: String? = nil
    ) {
        self.inputDim = inputDim
        self.outputDim = outputDim
        self.embeddingsInitializer = embeddingsInitializer
        self.embeddingsRegularizer = embeddingsRegularizer
        self.embeddingsConstraint = embeddingsConstraint
        self.maskZero = maskZero
        base.name = name
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        if base.dtype.isInt8 { return try Int8.kernel("embeddings", [inputDim, outputDim], scale: [inputDim]) }
        let table = try WeightSpec(
            "embeddings", [inputDim, outputDim], embeddingsInitializer, regularizer: embeddingsRegularizer,
            constraint: embeddingsConstraint)
        return [adapter.adapted(table)] + (try adapter.weights(of: table))
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        guard inputDim > 0, outputDim > 0 else {
            throw KerasError(
                .malformed, "an embedding needs rows and columns", found: "\(inputDim) × \(outputDim)", expected: "at least 1 × 1")
        }
        return [SymbolicShape(inputs[0].dims + [outputDim])]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        [try rows(at: inputs[0], call)]
    }

    func rows(at places: Value, _ call: LayerCall) throws -> Value {
        let places = try call.cast(places, .int32)
        guard base.dtype.isInt8 else { return try call.emit(.gather, try adapter.weight("embeddings", call), places) }
        let scale = try call.emit(.gather, try call.weight("embeddings_scale"), places)
        let rows = try call.emit(.gather, try call.weight("embeddings"), places)
        return try call.emit(.binary(.divide), rows, try call.reshape(scale, scale.shape.dims + [1]))
    }

    public func masks(_ inputs: [Value], _ outputs: [Value], _ call: LayerCall) throws -> [Value?] {
        [maskZero ? try call.isNot(0, inputs[0]) : nil]
    }
}
