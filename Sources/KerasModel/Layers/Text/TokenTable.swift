import JSON
import Tensors

/// Words and their places, as a lookup of text has them: first the mask's place, if there is one, then those of words that are not known, then
/// the vocabulary. Source: Keras, `IndexLookup`.
struct TokenTable {
    private var places: [[UInt8]: Int] = [:]
    let words: [[UInt8]]
    /// The place of the first word that is not known.
    let firstUnknown: Int
    private let unknownCount: Int
    private let mask: [UInt8]?
    private let salt: Salt
    private let mode: OutputMode

    /// - Parameters:
    ///   - vocabulary: with what stands before its words, or without.
    ///   - unknown: what stands there for a word that is not known.
    init(
        _ vocabulary: [String], mask: String?, unknown: String?, unknownCount: Int, mode: OutputMode, salt: Salt
    ) {
        (self.unknownCount, self.mode, self.salt) = (unknownCount, mode, salt)
        self.mask = mask.map { Array($0.utf8) }
        firstUnknown = mask != nil && mode == .int ? 1 : 0
        words = TokenTable.withoutSpecial(vocabulary, mask, unknown, unknownCount, mode).map { Array($0.utf8) }
        for (index, word) in words.enumerated() { places[word] = firstUnknown + unknownCount + index }
    }

    private static func withoutSpecial(_ vocabulary: [String], _ mask: String?, _ unknown: String?, _ unknownCount: Int, _ mode: OutputMode)
        -> [String]
    {
        guard unknownCount <= vocabulary.count else { return vocabulary }
        let special = (mask != nil && mode == .int ? [mask] : []) + Array(repeating: unknown, count: unknownCount)
        // Letter by letter: Swift holds texts for equal that are written with other code points.
        let found = vocabulary.prefix(special.count).map { Optional($0) }
        return found.elementsEqual(special, by: { $0.map { Array($0.utf8) } == $1.map { Array($0.utf8) } })
            ? Array(vocabulary.dropFirst(special.count)) : vocabulary
    }

    /// Whether a vocabulary begins with what is put before it.
    static func beginsWithSpecial(_ vocabulary: [String], mask: String?, unknown: String?, unknownCount: Int, mode: OutputMode) -> Bool {
        withoutSpecial(vocabulary, mask, unknown, unknownCount, mode).count < vocabulary.count
    }

    /// How many places there are.
    var count: Int { firstUnknown + unknownCount + words.count }

    /// - Throws: a `mismatch` problem for a word that is not known, where there is no place for such.
    func place(of word: [UInt8]) throws -> Int {
        // Where places are counted, the mask has none.
        if let mask, word == mask { return mode == .int ? 0 : Int.max }
        if let place = places[word] { return place }
        switch unknownCount {
        case 0:
            throw KerasError(
                .mismatch, "a word is not in the vocabulary, and there is no place for those that are not",
                at: Place(key: "num_oov_indices"),
                found: "'\(String(decoding: word.prefix(80), as: UTF8.self))'")
        case 1: return firstUnknown
        default: return firstUnknown + salt.bucket(of: word, count: unknownCount)
        }
    }

    /// The words by place.
    func vocabulary(unknown: String) -> Vocabulary {
        let unknown = Array(unknown.utf8)
        let before = (firstUnknown == 1 ? [mask ?? []] : []) + Array(repeating: unknown, count: unknownCount)
        return Vocabulary(words: before + words, unknown: unknown)
    }
}

/// A layer whose vocabulary a `.keras` file may keep by itself: in `assets`, and among its weights. Source: `save_assets`, `save_own_variables`.
package protocol VocabularyLayer: Layer {
    /// The words as the file has them, with what is put before the vocabulary; nil if they stand in the configuration.
    var storedVocabulary: [String]? { get set }
    /// The weights of each place that it keeps; nil for a layer that does not weigh.
    var storedWeights: [Double]? { get set }
    /// True if it weighs places.
    var weighs: Bool { get }
    /// Further paths below the layer's own that Keras keeps the same under.
    var innerPaths: [String] { get }
    /// The type that tf.keras takes in the layer's configuration; nil if it takes any. Keras 3 does not look at it.
    var olderDType: DType? { get }
}

extension VocabularyLayer {
    public static var commonKeys: [ConfigKey<Self>] {
        [
            .key("name", \.base.name),
            .key("trainable", \.base.trainable),
            .key("dtype", \.base.dtype, in: [.keras3]),
            .key("dtype", \.olderPolicy, in: [.tfKeras]),
            .key("batch_shape", \.base.batchShape, names: [.tfKeras: "batch_input_shape"], in: [.tfKeras])
                .written { layer, _ in layer.base.batchShape != nil },
        ]
    }

    private var olderPolicy: DTypePolicy {
        get {
            guard let olderDefault else { return base.dtype }
            return base.dtype.compute.isInteger && olderDefault != .string ? base.dtype : olderDefault
        }
        set { base.dtype = newValue }
    }

    /// What tf.keras takes if nobody says is what Keras 3, which does not look at it, writes as float32.
    public mutating func adopt(_ rest: JSONObject) -> JSONObject {
        if base.dialect == .tfKeras, base.dtype == olderDefault { base.dtype = .float32 }
        return rest
    }

    private var olderDefault: DTypePolicy? { olderDType.map { $0.isText ? .string : DTypePolicy($0) } }

    /// Files of tf.keras by layer hold the weights of words among the layer's own; by path they stand apart (``storedWeights``), and what is
    /// computed with are those of the configuration.
    func keptWeights(depth: Int) throws -> [WeightSpec] {
        guard weighs, base.dialect == .tfKeras, storedWeights == nil else { return [] }
        var spec = try WeightSpec("idf_weights", [depth], .zeros, isTrainable: false, dtype: .float32)
        spec.isMerged = true
        return [spec]
    }
}
