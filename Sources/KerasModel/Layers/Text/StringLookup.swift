import JSON
import Tensors

/// The place of each text in a vocabulary, or with `invert` the text at a place: `(n, …)` → `(n, …)`, or in another form (``OutputMode``).
public struct StringLookup: VocabularyLayer {
    public static let className = "StringLookup"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = StringLookup([])
    public static let castsInputs = false
    public static let readsData = true
    public static let writesInputShape = false
    public static let keys: [ConfigKey<StringLookup>] = [
        .key("invert", \.invert),
        .key("max_tokens", \.maximumTokens),
        .key("num_oov_indices", \.unknownCount),
        .key("oov_token", \.unknownToken),
        .key("mask_token", \.maskToken),
        .key("output_mode", \.outputMode),
        .key("sparse", \.sparse),
        .key("pad_to_max_tokens", \.padsToMaximum),
        .key("idf_weights", \.idfWeights),
        .key("vocabulary", \.vocabulary),
        .key("vocabulary_size", \.size),
        .key("oov_method", \.unknownMethod, in: [.keras3]),
        .key("salt", \.salt, in: [.keras3]),
        .key("encoding", \.encoding),
    ]

    public var base = LayerBase()
    public var invert = false
    var maximumTokens: Int?
    /// How many places there are for words that are not known. Keras: `num_oov_indices`.
    public var unknownCount = 1
    /// The word at such a place. Keras: `oov_token`.
    public var unknownToken: String? = "[UNK]"
    /// Keras: `mask_token`.
    public var maskToken: String?
    public var outputMode = OutputMode.int
    var sparse = false
    var padsToMaximum = false
    /// Keras: `idf_weights`.
    var idfWeights: Numbers?
    public var vocabulary: [String]?
    var size: Int?
    var unknownMethod = "floormod"
    var salt = Salt()
    var encoding = "utf-8"
    package var storedVocabulary: [String]?
    package var storedWeights: [Double]?
    package var weighs: Bool { outputMode == .tfIdf }
    package var innerPaths: [String] { [] }
    package var olderDType: DType? { outputMode == .int ? .int64 : nil }

    public init(_ vocabulary: [String], outputMode: OutputMode = .int, name: String? = nil) {
        self.vocabulary = vocabulary
        self.outputMode = outputMode
        base.name = name
    }

    func table() throws -> TokenTable {
        try checkSettings()
        guard let words = vocabulary ?? storedVocabulary else {
            throw KerasError(
                .unsupported, "the vocabulary of a lookup is neither in its configuration nor in the file's assets",
                at: Place(key: "vocabulary"))
        }
        return TokenTable(
            words, mask: maskToken, unknown: unknownToken, unknownCount: unknownCount, mode: outputMode, salt: salt)
    }

    func depth() throws -> Int { padsToMaximum ? maximumTokens ?? 0 : try table().count }

    /// One for each place; those that Keras puts before the vocabulary weigh as much as the others on average.
    func weights() throws -> [Double]? {
        guard weighs else { return nil }
        if let storedWeights { return storedWeights }
        guard let given = idfWeights?.values, let words = vocabulary ?? storedVocabulary, given.count == words.count else {
            throw KerasError(.malformed, "a lookup that weighs has no weights for its words", at: Place(key: "idf_weights"))
        }
        let hasSpecial = TokenTable.beginsWithSpecial(
            words, mask: maskToken, unknown: unknownToken, unknownCount: unknownCount, mode: outputMode)
        let before = hasSpecial ? [] : Array(repeating: given.reduce(0, +) / Double(max(given.count, 1)), count: unknownCount)
        return before + given
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] { try keptWeights(depth: weighs ? depth() : 0) }

    func checkSettings() throws {
        guard !sparse else { throw KerasError(.unsupported, "sparse tensors are not run", at: Place(key: "sparse"), found: "true") }
        guard (0..<1 << 20).contains(unknownCount), (maximumTokens ?? 1) > 0 else {
            throw KerasError(
                .malformed, "a lookup's settings are not what they must be", at: Place(key: "num_oov_indices"), found: "\(unknownCount)")
        }
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        try checkSettings()
        let input = try onlyInput(inputs)
        guard outputMode == .int || outputMode == .oneHot || input.rank == 2 else {
            throw KerasError(.unsupported, "samples of this shape are not counted", at: Place(key: "output_mode"), found: "\(input)")
        }
        return [try outputMode.outputShape(input, depth: outputMode == .int ? 0 : try depth())]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let table = try table()
        if invert { return [try call.words(of: inputs[0], in: table.vocabulary(unknown: unknownToken ?? ""))] }
        return [
            try call.read(inputs, as: outputMode.foundType) { data in
                guard data[0].dtype.isText else {
                    throw KerasError(.mismatch, "numbers are looked up among words", found: "\(data[0].dtype)", expected: "text")
                }
                let places = try data[0].utf8().map(table.place)
                let width = data[0].shape.dims.last ?? 1
                let rows =
                    outputMode == .int || outputMode == .oneHot || width == 0
                    ? [places] : stride(from: 0, to: places.count, by: width).map { Array(places[$0..<$0 + width]) }
                return try outputMode.encode(
                    rows, shape: data[0].shape, depth: outputMode == .int ? 0 : try depth(), weights: try weights())
            }
        ]
    }
}
