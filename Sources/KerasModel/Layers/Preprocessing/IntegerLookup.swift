import JSON
import Tensors

/// The place of each whole number in a vocabulary, or with `invert` the number at a place: `(n, …)` → `(n, …)`, or in another form
/// (``OutputMode``). First comes the place of the mask, if there is one, then those of unknown numbers, then the vocabulary.
public struct IntegerLookup: Layer {
    public static let className = "IntegerLookup"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = IntegerLookup([])
    public static let castsInputs = false
    public static let keys: [ConfigKey<IntegerLookup>] = [
        .key("invert", \.invert),
        .key("max_tokens", \.maximumTokens),
        .key("num_oov_indices", \.unknownCount),
        .key("oov_token", \.unknownToken),
        .key("mask_token", \.maskToken),
        .key("output_mode", \.outputMode),
        .key("sparse", \.sparse),
        .key("pad_to_max_tokens", \.padsToMaximum),
        .key("vocabulary_dtype", \.vocabularyType),
        .key("idf_weights", \.idfWeights),
        .key("vocabulary", \.vocabulary),
        .key("vocabulary_size", \.size),
        .key("oov_method", \.unknownMethod, in: [.keras3]),
        .key("salt", \.salt, in: [.keras3]),
    ]

    public var base = LayerBase()
    public var invert = false
    var maximumTokens: Int?
    /// How many places there are for unknown numbers. Keras: `num_oov_indices`.
    public var unknownCount = 1
    /// What an unknown place means where it is inverted. Keras: `oov_token`; tf.keras writes it as text.
    var unknownToken: JSON = -1
    /// Keras: `mask_token`.
    public var maskToken: Int?
    public var outputMode = OutputMode.int
    var sparse = false
    var padsToMaximum = false
    var vocabularyType = "int64"
    /// Keras: `idf_weights`.
    var idfWeights: Numbers?
    public var vocabulary: Numbers?
    var size: Int?
    var unknownMethod: JSON = nil
    var salt: JSON = nil

    public init(_ vocabulary: [Int], outputMode: OutputMode = .int, name: String? = nil) {
        self.vocabulary = Numbers(vocabulary.map(Double.init))
        self.outputMode = outputMode
        base.name = name
    }

    /// The vocabulary without what Keras puts before it.
    private func tokens() throws -> [Double] {
        guard let vocabulary else {
            throw KerasError(.unsupported, "the vocabulary of a lookup is not in its configuration", at: Place(key: "vocabulary"))
        }
        guard vocabulary.values.allSatisfy({ abs($0) <= 0x1p24 }) else {
            throw KerasError(.unsupported, "numbers of this size are not looked up", at: Place(key: "vocabulary"), expected: "at most 2^24")
        }
        return vocabulary.values
    }

    private var firstUnknown: Int { maskToken == nil ? 0 : 1 }

    private func depth() throws -> Int {
        let own = firstUnknown + unknownCount + (try tokens().count)
        return padsToMaximum ? max(maximumTokens ?? own, own) : own
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        guard unknownCount >= 1, unknownCount < 1 << 24, !sparse, unknownCount == 1 || unknownMethod.isNull || unknownMethod == "floormod"
        else {
            throw KerasError(
                .unsupported, "a lookup with these settings is not run", at: Place(key: sparse ? "sparse" : "num_oov_indices"),
                found: sparse ? "true" : "\(unknownCount)")
        }
        guard outputMode != .tfIdf || idfWeights != nil else {
            throw KerasError(.malformed, "a lookup that weighs has no weights", at: Place(key: "idf_weights"))
        }
        return [try outputMode.outputShape(try onlyInput(inputs), depth: try depth())]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let tokens = try tokens()
        let x = inputs[0].dtype.isFloatingPoint ? inputs[0] : try call.cast(inputs[0], .float32)
        let before = firstUnknown + unknownCount
        if invert {
            let unknown = unknownToken.number ?? unknownToken.string.flatMap { Double($0) } ?? -1
            let table = (maskToken.map { [Double($0)] } ?? []) + Array(repeating: unknown, count: unknownCount) + tokens
            // What stands for no place gives the unknown token.
            return [try call.cast(try find(x, (0..<table.count).map(Double.init), table, otherwise: unknown, call), .int32)]
        }
        let places = tokens.indices.map { Double(before + $0) }
        var otherwise: Value?
        if unknownCount > 1 {
            let quotient = try call.emit(.unary(.floor), try call.emit(.unary(.affine(scale: 1 / Double(unknownCount), offset: 0)), x))
            let whole = try call.emit(.unary(.affine(scale: Double(unknownCount), offset: 0)), quotient)
            let rest = try call.emit(.binary(.subtract), x, whole)
            otherwise = try call.emit(.unary(.affine(scale: 1, offset: Double(firstUnknown))), rest)
        }
        var found = try find(x, tokens, places, otherwise: Double(firstUnknown), call)
        if let otherwise {
            let known = try find(x, tokens, Array(repeating: 1, count: tokens.count), otherwise: 0, call)
            found = try call.choose(known, found, else: otherwise)
        }
        if let maskToken {
            let isOther = try call.emit(
                .binary(.notEqual), x, call.lowering.graph.constant(try Tensor([Double(maskToken)], shape: []).converted(to: x.dtype)))
            found = try call.emit(.binary(.gate), found, isOther)
        }
        var result = try outputMode.encode(found, depth: try depth(), call)
        if outputMode == .tfIdf, let idfWeights {
            let padded = Array(
                (Array(repeating: 0, count: max(try depth() - idfWeights.values.count, 0)) + idfWeights.values).suffix(try depth()))
            result = try call.emit(.binary(.multiply), result, try call.constant(padded, shape: [padded.count]))
        }
        return [result]
    }

    /// For each number that of `values` which stands where it stands in `keys`.
    private func find(_ x: Value, _ keys: [Double], _ values: [Double], otherwise: Double, _ call: LayerCall) throws -> Value {
        guard !keys.isEmpty else { return try call.emit(.unary(.affine(scale: 0, offset: otherwise)), x) }
        let shape = Shape(Array(repeating: 1, count: x.rank) + [keys.count])
        let column = try call.reshape(x, x.shape.dims + [1])
        let keys = call.lowering.graph.constant(try Tensor(keys, shape: shape).converted(to: x.dtype))
        let gains = call.lowering.graph.constant(try Tensor(values.map { $0 - otherwise }, shape: shape).converted(to: x.dtype))
        let isKey = try call.emit(.binary(.equal), column, keys)
        let sums = try call.emit(.reduce(.sum, axes: [x.rank], keepDims: false), try call.emit(.binary(.multiply), isKey, gains))
        return try call.emit(.unary(.affine(scale: 1, offset: otherwise)), sums)
    }
}
