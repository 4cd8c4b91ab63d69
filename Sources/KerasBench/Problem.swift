import KerasRuntime
import Tensors

/// Something to measure, written in the manner of oneDNN's benchdnn: `conv2d:n32h13w13c32k64r3s3valid`.
///
/// A family, a kind where the family has several, then lengths and words. n images or rows, h × w pixels, c channels, k filters, r × s
/// window: `conv2d:n8h35w35c64k96r3s3dilation2same`, `depthwise:n8h56w56c96r3s3stride2same`, `dense:n32c576k64relu`,
/// `unary:exp:n1000000`, `reduce:sum:n256c1000columns`, `softmax:n256c10`, `model:PATH:n32`. The kind `all` stands for every kind.
struct Problem: Equatable {
    enum Family: String, CaseIterable {
        case conv2d, depthwise, transposed, dense, maxpool, avgpool
        case unary, binary, reduce, softmax, logsoftmax, sparsemax, transpose, gather, model

        /// The lengths it must have.
        fileprivate var lengths: String {
            switch self {
            case .conv2d, .transposed: "nhwckrs"
            case .depthwise, .maxpool, .avgpool: "nhwcrs"
            case .dense, .gather: "nck"
            case .unary, .binary, .model: "n"
            case .reduce, .softmax, .logsoftmax, .sparsemax: "nc"
            case .transpose: "nhwc"
            }
        }

        /// The words it may have.
        fileprivate var words: [Word] {
            switch self {
            case .conv2d: [.stride, .dilation, .groups, .same, .valid, .relu, .pool]
            case .depthwise: [.stride, .dilation, .same, .valid, .relu, .pool]
            case .transposed: [.stride, .same, .valid, .relu]
            case .maxpool, .avgpool: [.stride, .same, .valid]
            case .dense: [.relu]
            case .reduce: [.columns]
            case .unary, .binary, .softmax, .logsoftmax, .sparsemax, .transpose, .gather, .model: []
            }
        }

        /// The names before its lengths; nil if it has none.
        var kinds: [String]? {
            switch self {
            case .unary: KernelPrimitives.unary.map(\.name)
            case .binary: KernelPrimitives.binary.map(\.name)
            case .reduce: KernelPrimitives.reduce.map(\.name)
            default: nil
            }
        }
    }

    enum Word: String, CaseIterable {
        case stride, dilation, groups, same, valid, relu, pool, columns

        fileprivate var hasNumber: Bool { self == .stride || self == .dilation || self == .groups }
    }

    let text: String
    let family: Family
    /// The kind of a unary, binary or reduction; a model's path.
    let kind: String
    private var lengths: [Character: Int] = [:]
    private var words: [Word: Int] = [:]

    subscript(_ length: Character) -> Int { lengths[length] ?? 1 }
    func has(_ word: Word) -> Bool { words[word] != nil }
    var stride: Int { words[.stride] ?? (family == .maxpool || family == .avgpool ? self["r"] : 1) }
    var dilation: Int { words[.dilation] ?? 1 }
    var groups: Int { family == .depthwise ? self["c"] : words[.groups] ?? 1 }

    /// - Throws: a `usage` problem that says what was not understood.
    init(_ text: String) throws {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard let family = Family(rawValue: parts[0]) else {
            throw Problem.misunderstood(text, found: parts[0], expected: Family.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let isNamed = family == .model || family.kinds != nil
        guard isNamed ? parts.count > 2 : parts.count == 2 else {
            throw Problem.misunderstood(text, found: "\(parts.count - 1) parts", expected: isNamed ? "a kind, then lengths" : "lengths")
        }
        // A path may have colons of its own.
        kind = isNamed ? parts[1..<parts.count - 1].joined(separator: ":") : ""
        if let kinds = family.kinds, kind != "all", !kinds.contains(kind) {
            throw Problem.misunderstood(text, found: kind, expected: "all, " + kinds.joined(separator: ", "))
        }
        self.text = text
        self.family = family
        try read(parts[parts.count - 1][...])
        if let missing = family.lengths.first(where: { lengths[$0] == nil }) {
            throw Problem.misunderstood(text, found: "no \(missing)", expected: "the lengths \(family.lengths)")
        }
    }

    private mutating func read(_ rest: Substring) throws {
        var rest = rest
        while let letter = rest.first {
            let word = Word.allCases.first { rest.hasPrefix($0.rawValue) }
            rest = rest.dropFirst(word?.rawValue.count ?? 1)
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let number = Int(digits) ?? 0
            if let word {
                guard family.words.contains(word), word.hasNumber ? number > 0 : digits.isEmpty else {
                    throw Problem.misunderstood(
                        text, found: word.rawValue + digits, expected: family.words.map(\.rawValue).joined(separator: ", "))
                }
                words[word] = number
            } else {
                // A depthwise convolution's k is its multiplier, 1 unless said.
                let isKnown = family.lengths.contains(letter) || (family == .depthwise && letter == "k")
                guard isKnown, number > 0, number < 1 << 31 else {
                    throw Problem.misunderstood(text, found: "\(letter)\(digits)", expected: "the lengths \(family.lengths), above 0")
                }
                lengths[letter] = number
            }
        }
    }

    /// The problems it stands for: one for each kind where it says `all`.
    var expanded: [Problem] {
        get throws {
            guard kind == "all", let kinds = family.kinds else { return [self] }
            return try kinds.map { try Problem(text.replacing("\(family.rawValue):all:", with: "\(family.rawValue):\($0):")) }
        }
    }

    private static func misunderstood(_ text: String, found: String, expected: String) -> KerasError {
        KerasError(.usage, "a problem is not understood", at: Place(object: text), found: found, expected: expected)
    }
}
