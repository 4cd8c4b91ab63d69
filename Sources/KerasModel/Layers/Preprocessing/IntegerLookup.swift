import JSON
import Tensors

/// The place of each whole number in a vocabulary, or with `invert` the number at a place: `(n, …)` → `(n, …)`, or in another form
/// (``OutputMode``). First comes the place of the mask, if there is one, then those of unknown numbers, then the vocabulary.
public struct IntegerLookup: VocabularyLayer {
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
    package var storedVocabulary: [String]?
    package var storedWeights: [Double]?
    package var weighs: Bool { outputMode == .tfIdf }
    package var innerPaths: [String] { [] }
    package var olderDType: DType? { outputMode == .int ? .int64 : nil }
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
        guard let all = vocabulary?.values ?? storedVocabulary?.compactMap({ Double($0) }) else {
            throw KerasError(
                .unsupported, "the vocabulary of a lookup is neither in its configuration nor in the file's assets",
                at: Place(key: "vocabulary"))
        }
        let tokens = Array(all.dropFirst(specialCount(all)))
        guard tokens.allSatisfy({ abs($0) <= 0x1p24 }) else {
            throw KerasError(.unsupported, "numbers of this size are not looked up", at: Place(key: "vocabulary"), expected: "at most 2^24")
        }
        return tokens
    }

    /// How many numbers of a vocabulary are what Keras puts before it.
    private func specialCount(_ all: [Double]) -> Int {
        guard (0...all.count).contains(unknownCount) else { return 0 }
        let special = (firstUnknown == 1 ? [Double(maskToken ?? 0)] : []) + Array(repeating: unknown, count: unknownCount)
        return all.starts(with: special) ? special.count : 0
    }

    private var unknown: Double { unknownToken.number ?? unknownToken.string.flatMap { Double($0) } ?? -1 }

    /// One for each place; those that Keras puts before the vocabulary weigh as much as the others on average.
    private func placeWeights() throws -> [Double] {
        if let storedWeights { return storedWeights }
        guard let given = idfWeights?.values, let all = vocabulary?.values, given.count == all.count else {
            throw KerasError(.malformed, "a lookup that weighs has no weights for its numbers", at: Place(key: "idf_weights"))
        }
        let before = specialCount(all) > 0 ? 0 : firstUnknown + unknownCount
        return Array(repeating: given.reduce(0, +) / Double(max(given.count, 1)), count: before) + given
    }

    /// Where numbers are counted, the mask has no place.
    private var firstUnknown: Int { maskToken != nil && outputMode == .int ? 1 : 0 }

    private func depth() throws -> Int {
        let own = firstUnknown + unknownCount + (try tokens().count)
        return padsToMaximum ? max(maximumTokens ?? own, own) : own
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] { try keptWeights(depth: weighs ? depth() : 0) }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        guard unknownCount >= 1, unknownCount < 1 << 20, (maximumTokens ?? 1) > 0, !sparse,
            unknownCount == 1 || unknownMethod.isNull || unknownMethod == "floormod"
        else {
            throw KerasError(
                .unsupported, "a lookup with these settings is not run", at: Place(key: sparse ? "sparse" : "num_oov_indices"),
                found: sparse ? "true" : "\(unknownCount)")
        }
        return [try outputMode.outputShape(try onlyInput(inputs), depth: try depth())]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let tokens = try tokens()
        let x = inputs[0].dtype.isFloatingPoint ? inputs[0] : try call.cast(inputs[0], .float32)
        let before = firstUnknown + unknownCount
        if invert {
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
            // No place, where there is none for the mask.
            if outputMode != .int {
                found = try call.emit(.binary(.add), found, try call.emit(.unary(.affine(scale: 1, offset: -1)), isOther))
            }
        }
        var result = try outputMode.encode(found, depth: try depth(), call)
        if outputMode == .tfIdf {
            let weights = try placeWeights()
            let padded = Array((weights + Array(repeating: 0, count: max(try depth() - weights.count, 0))).prefix(try depth()))
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
