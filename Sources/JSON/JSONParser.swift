internal import Tensors

extension JSON {
    /// The deepest nesting of lists and objects that is read.
    public static var maximumDepth: Int { Budgets.current.jsonDepth }
    /// The longest text that is read, in bytes.
    public static var maximumByteCount: Int { Budgets.current.jsonBytes }

    /// Reads a JSON text in UTF-8, as strictly as Python does (`NaN` and `Infinity` are numbers), and more strictly in one thing: a key given
    /// twice is an error. Half of a surrogate pair becomes U+FFFD.
    ///
    /// - Throws: a `malformed` problem that tells line, column and the path of keys; a `resource` problem past ``maximumDepth`` or
    ///   ``maximumByteCount``.
    public init(parsing bytes: some Collection<UInt8>) throws {
        guard bytes.count <= JSON.maximumByteCount else {
            throw KerasError(
                .resource, "a JSON text is too long", found: "\(bytes.count) bytes", expected: "at most \(JSON.maximumByteCount)")
        }
        var parser = JSONParser(text: Array(bytes))
        self = try parser.parse()
    }

    /// Reads a JSON text; see ``init(parsing:)-(Collection)``.
    public init(parsing text: String) throws { try self.init(parsing: text.utf8) }
}

/// Reads one JSON text from front to back, with its open lists and objects on a stack of its own: no text can exhaust the machine's.
struct JSONParser {
    /// A list or object whose end has not been read.
    private struct Open {
        let isObject: Bool
        var array: [JSON] = []
        var object = JSONObject()
        /// Whose value is being read.
        var key: String?
    }

    let text: [UInt8]
    private(set) var position = 0
    private var open: [Open] = []
    private let maximumDepth = JSON.maximumDepth

    init(text: [UInt8]) { self.text = text }

    mutating func parse() throws -> JSON {
        // Python's own reader of bytes skips a byte order mark.
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        skipSpace()
        while true {
            var value: JSON
            switch byte {
            case UInt8(ascii: "{"):
                try begin(Open(isObject: true))
                guard byte == UInt8(ascii: "}") else {
                    try readKey()
                    continue
                }
                value = end()
            case UInt8(ascii: "["):
                try begin(Open(isObject: false))
                guard byte == UInt8(ascii: "]") else { continue }
                value = end()
            default: value = try readScalar()
            }
            // A value is complete. It may complete the list it stands in, and that the next.
            while true {
                guard let innermost = open.indices.last else {
                    skipSpace()
                    guard position == text.count else { throw problem("there is text after the value", expected: "the end") }
                    return value
                }
                if open[innermost].isObject {
                    open[innermost].object[open[innermost].key ?? ""] = value
                    open[innermost].key = nil
                } else {
                    open[innermost].array.append(value)
                }
                skipSpace()
                if byte == UInt8(ascii: ",") {
                    position += 1
                    skipSpace()
                    if open[innermost].isObject { try readKey() }
                    break
                }
                let close = open[innermost].isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
                guard byte == close else {
                    throw problem(
                        open[innermost].isObject ? "an object does not go on" : "a list does not go on",
                        expected: "',' or '\(Character(Unicode.Scalar(close)))'", inside: false)
                }
                value = end()
            }
        }
    }

    /// The byte to be read next; 0, which may stand nowhere, at the end.
    private var byte: UInt8 { position < text.count ? text[position] : 0 }

    private mutating func skipSpace() {
        while position < text.count {
            switch text[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func begin(_ container: Open) throws {
        guard open.count < maximumDepth else {
            throw problem(
                "lists and objects are nested too deeply", kind: .resource, found: "more", expected: "at most \(maximumDepth) levels")
        }
        open.append(container)
        position += 1
        skipSpace()
    }

    private mutating func end() -> JSON {
        position += 1
        let closed = open.removeLast()
        return closed.isObject ? .object(closed.object) : .array(closed.array)
    }

    private mutating func readKey() throws {
        guard byte == UInt8(ascii: "\"") else { throw problem("a key is missing", expected: "a string") }
        let start = position
        let key = try readString()
        let innermost = open.count - 1
        open[innermost].key = key
        if open[innermost].object.contains(key) {
            position = start
            throw problem("a key stands twice in one object", found: "the key again", expected: "a new key")
        }
        skipSpace()
        guard byte == UInt8(ascii: ":") else { throw problem("a key has no value", expected: "':'") }
        position += 1
        skipSpace()
    }

    private mutating func readScalar() throws -> JSON {
        switch byte {
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try readNumber()
        default:
            for (word, value) in JSONParser.words where take(word) { return value }
            throw problem("a value is missing or misspelt", expected: "a value")
        }
    }

    private static let words: [(StaticString, JSON)] = [
        ("true", true), ("false", false), ("null", nil), ("NaN", .float(.nan)), ("Infinity", .float(.infinity)),
    ]

    /// Steps over `word` if it stands here.
    mutating func take(_ word: StaticString) -> Bool {
        let end = position + word.utf8CodeUnitCount
        guard end <= text.count else { return false }
        let matches = word.withUTF8Buffer { text[position..<end].elementsEqual($0) }
        if matches { position = end }
        return matches
    }

    /// Moves on to `position`, for the readers of strings and numbers in their own files.
    mutating func advance(to position: Int) { self.position = position }

    // MARK: Errors

    /// A problem at the current position. `inside: false` means the innermost list or object itself, not what is being read in it.
    func problem(
        _ sentence: String, kind: Problem.Kind = .malformed, found: String? = nil, expected: String? = nil, inside: Bool = true
    ) -> KerasError {
        var line = 1
        var lineStart = 0
        for index in 0..<position where text[index] == 0x0A {
            line += 1
            lineStart = index + 1
        }
        // Columns count characters: the bytes that begin one.
        let column = text[lineStart..<position].count { $0 & 0xC0 != 0x80 } + 1
        return KerasError(
            kind, "not valid JSON at line \(line), column \(column): \(sentence)", at: Place(key: path(inside: inside), offset: position),
            found: found ?? foundText, expected: expected)
    }

    private var foundText: String {
        guard position < text.count else { return "the end of the text" }
        let byte = text[position]
        if byte > 0x20 && byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
        return "byte 0x" + String(byte, radix: 16)
    }

    /// `config.layers[3].config.units`; nil at the top.
    private func path(inside: Bool) -> String? {
        var path = ""
        for (depth, container) in open.enumerated() {
            if !inside && depth == open.count - 1 { break }
            if !container.isObject {
                path += "[\(container.array.count)]"
            } else if let key = container.key {
                // A hostile key shall not flood the message.
                path += (path.isEmpty ? "" : ".") + (key.utf8.count <= 80 ? key : key.prefix(60) + "…")
            }
        }
        return path.isEmpty ? nil : path
    }
}
