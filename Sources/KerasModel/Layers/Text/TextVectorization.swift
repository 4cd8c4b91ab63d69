import JSON
import Tensors

/// Texts as the places of their words: `(n)` or `(n, 1)` → `(n, words)`, or in another form (``OutputMode``). Letters are made small and
/// punctuation taken out, words are split and joined to n-grams, and each is looked up.
public struct TextVectorization: VocabularyLayer {
    public static let className = "TextVectorization"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = TextVectorization([])
    public static let castsInputs = false
    public static let readsData = true
    public static let keys: [ConfigKey<TextVectorization>] = [
        .key("max_tokens", \.lookup.maximumTokens),
        .key("standardize", \.standardize),
        .key("split", \.split),
        .key("ngrams", \.ngrams),
        .key("output_mode", \.lookup.outputMode),
        .key("output_sequence_length", \.length),
        .key("pad_to_max_tokens", \.lookup.padsToMaximum),
        .key("sparse", \.lookup.sparse),
        .key("ragged", \.ragged),
        .key("vocabulary", \.lookup.vocabulary),
        .key("idf_weights", \.lookup.idfWeights),
        .key("encoding", \.lookup.encoding),
        .key("vocabulary_size", \.lookup.size),
    ]

    public var base = LayerBase()
    /// Which places words have. Its mask is the empty text.
    var lookup: StringLookup
    /// `lower_and_strip_punctuation`, `lower`, `strip_punctuation`, null; a function of somebody's own.
    var standardize: JSON = "lower_and_strip_punctuation"
    /// `whitespace`, `character`, null; a function of somebody's own.
    var split: JSON = "whitespace"
    /// A number for all lengths up to it, or a list of lengths.
    var ngrams: JSON = nil
    /// Words of each text: the rest is cut off, what lacks is 0. Keras: `output_sequence_length`.
    public var length: Int?
    var ragged = false
    package var storedVocabulary: [String]? {
        get { lookup.storedVocabulary }
        set { lookup.storedVocabulary = newValue }
    }
    package var storedWeights: [Double]? {
        get { lookup.storedWeights }
        set { lookup.storedWeights = newValue }
    }
    package var weighs: Bool { lookup.weighs }
    package var innerPaths: [String] { ["_lookup_layer"] }
    package var olderDType: DType? { .unicode(0) }

    public init(_ vocabulary: [String], outputMode: OutputMode = .int, length: Int? = nil, name: String? = nil) {
        lookup = StringLookup(vocabulary, outputMode: outputMode)
        lookup.maskToken = ""
        self.length = length
        base.name = name
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] { try keptWeights(depth: weighs ? lookup.depth() : 0) }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try onlyInput(inputs)
        try lookup.checkSettings()
        guard !ragged else { throw KerasError(.unsupported, "ragged tensors are not run", at: Place(key: "ragged"), found: "true") }
        _ = try widths()
        if let length { try checkExtents([length], rank: 1, key: "output_sequence_length") }
        for (key, value, known) in [
            ("standardize", standardize, ["lower_and_strip_punctuation", "lower", "strip_punctuation"]),
            ("split", split, ["whitespace", "character"]),
        ] where !value.isNull && !known.contains(value.string ?? "") {
            throw KerasError(.unsupported, "a function of somebody's own is not run", at: Place(key: key), found: value.summary)
        }
        guard input.rank == 2 && (split.isNull || input.last == 1) || input.rank == 1 && !split.isNull else {
            throw KerasError(
                .mismatch, "texts of this shape are not split", found: "\(input)", expected: split.isNull ? "(n, words)" : "(n, 1)")
        }
        let batch = input.dims.first ?? nil
        switch lookup.outputMode {
        case .int: return [SymbolicShape([batch, length ?? (split.isNull && ngrams.isNull ? input.dims[1] : nil)])]
        case .oneHot:
            throw KerasError(
                .unsupported, "a vector for each word of a text is not given", at: Place(key: "output_mode"), found: "'one_hot'")
        case .multiHot, .count, .tfIdf: return [SymbolicShape([batch, try lookup.depth()])]
        }
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let table = try lookup.table()
        let mode = lookup.outputMode
        let pieces = TextPieces(standardize: standardize.string, split: split.string, widths: try widths())
        return [
            try call.read(inputs, as: mode.foundType) { data in
                guard data[0].dtype.isText else {
                    throw KerasError(.mismatch, "numbers are split into words", found: "\(data[0].dtype)", expected: "text")
                }
                let texts = try data[0].utf8()
                let samples = data[0].shape[0]
                let columns = samples == 0 ? 0 : texts.count / samples
                let rows = try (0..<samples).map { row in
                    try pieces.words(of: Array(texts[row * columns..<(row + 1) * columns])).map(table.place)
                }
                guard mode == .int else {
                    return try mode.encode(rows, shape: data[0].shape, depth: try lookup.depth(), weights: try lookup.weights())
                }
                let width = length ?? rows.reduce(0) { max($0, $1.count) }
                let filled = rows.map { $0.prefix(width) + Array(repeating: 0, count: max(width - $0.count, 0)) }
                return try mode.encode(filled.map { Array($0) }, shape: try Shape(checking: [samples, width]), depth: 0)
            }
        ]
    }

    private func widths() throws -> [Int]? {
        if ngrams.isNull { return nil }
        let list =
            ngrams.integer.map { $0 >= 1 && $0 < 1 << 10 ? Array(1...$0) : [] }
            ?? (ngrams.array ?? ngrams["items"]?.array ?? []).compactMap(\.integer)
        guard !list.isEmpty, list.allSatisfy({ $0 >= 1 && $0 < 1 << 10 }) else {
            throw KerasError.unexpected(ngrams, expected: "a number of words, or a list of such")
        }
        return list
    }
}

/// How texts become words. Source: `TextVectorization._preprocess`; bytes are looked at as TensorFlow does.
struct TextPieces {
    let standardize: String?
    let split: String?
    /// Lengths of n-grams.
    let widths: [Int]?

    /// The words of one sample: of its only text, or its texts if they are not split.
    func words(of texts: [[UInt8]]) -> [[UInt8]] {
        let plain = texts.map(standardized)
        let words: [[UInt8]] =
            switch split {
            case "whitespace": plain.flatMap { $0.split(whereSeparator: TextPieces.isSpace).map(Array.init) }
            case "character": plain.flatMap { String(decoding: $0, as: UTF8.self).unicodeScalars.map { Array(String($0).utf8) } }
            default: plain
            }
        guard let widths else { return words }
        return widths.flatMap { width in
            words.count < width
                ? [] : (0...words.count - width).map { Array(words[$0..<$0 + width].joined(separator: [UInt8(ascii: " ")])) }
        }
    }

    private func standardized(_ text: [UInt8]) -> [UInt8] {
        var text = text
        if standardize == "lower" || standardize == "lower_and_strip_punctuation" {
            text = text.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }
        }
        if standardize == "strip_punctuation" || standardize == "lower_and_strip_punctuation" {
            text.removeAll(where: TextPieces.isPunctuation)
        }
        return text
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
    /// ASCII's.
    private static func isPunctuation(_ byte: UInt8) -> Bool {
        (33...47).contains(byte) || (58...64).contains(byte) || (91...96).contains(byte) || (123...126).contains(byte)
    }
}
