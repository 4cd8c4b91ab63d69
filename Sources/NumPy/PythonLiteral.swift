internal import Tensors

/// The few Python literals a `.npy` header consists of.
enum PythonLiteral {
    case none
    case bool(Bool)
    case integer(Int)
    case string(String)
    case tuple([PythonLiteral])
    case list([PythonLiteral])
    /// Each value with its text, for messages.
    case dictionary([Entry])

    // No tuple: over one of them in a case of its own the compiler (6.3) goes round in circles.
    struct Entry {
        let key: String
        let value: PythonLiteral
        let text: String
    }
}

/// Reads a literal as Python's `ast.literal_eval` would, with no expressions in it and to a bounded depth.
struct PythonLiteralParser {
    private let text: [UInt8]
    private var position = 0

    /// numpy's own deepest are nested structures in `descr`.
    private static let maximumDepth = 32

    /// Text in UTF-8.
    init(_ text: [UInt8]) { self.text = text }

    /// Reads the whole text: one literal, with blanks around it.
    ///
    /// - Throws: a `malformed` problem that says at which byte.
    mutating func parse() throws -> PythonLiteral {
        skipSpace()
        let value = try readValue(depth: 0)
        skipSpace()
        guard position == text.count else { throw problem("there is more behind it") }
        return value
    }

    private func problem(_ sentence: String) -> KerasError {
        KerasError(.malformed, "the header of a .npy file is not a Python dictionary: \(sentence)", at: Place(offset: position))
    }

    private var byte: UInt8? { position < text.count ? text[position] : nil }

    private mutating func skipSpace() {
        while let byte, byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard byte == UInt8(ascii: character) else { return false }
        position += 1
        skipSpace()
        return true
    }

    private mutating func readValue(depth: Int) throws -> PythonLiteral {
        guard depth < PythonLiteralParser.maximumDepth else { throw problem("it is nested too deeply") }
        switch byte ?? 0 {
        case UInt8(ascii: "("):
            let (items, hasComma) = try readItems(until: ")", depth: depth)
            // Parentheses around one value mean that value, as in Python.
            return items.count == 1 && !hasComma ? items[0] : .tuple(items)
        case UInt8(ascii: "["): return .list(try readItems(until: "]", depth: depth).items)
        case UInt8(ascii: "{"): return try readDictionary(depth: depth)
        case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .integer(try readInteger())
        default: break
        }
        if let string = try readString() { return .string(string) }
        let start = position
        while let byte, byte | 0x20 >= UInt8(ascii: "a"), byte | 0x20 <= UInt8(ascii: "z") { position += 1 }
        defer { skipSpace() }
        switch String(decoding: text[start..<position], as: UTF8.self) {
        case "True": return .bool(true)
        case "False": return .bool(false)
        case "None": return .none
        default:
            position = start
            throw problem("a value is missing or none that it may hold")
        }
    }

    private mutating func readItems(until end: Unicode.Scalar, depth: Int) throws -> (items: [PythonLiteral], hasComma: Bool) {
        position += 1
        skipSpace()
        var items: [PythonLiteral] = []
        var hasComma = false
        while !take(end) {
            guard items.isEmpty || hasComma else { throw problem("a comma is missing") }
            items.append(try readValue(depth: depth + 1))
            hasComma = take(",")
        }
        return (items, hasComma)
    }

    private mutating func readDictionary(depth: Int) throws -> PythonLiteral {
        position += 1
        skipSpace()
        var entries: [PythonLiteral.Entry] = []
        var hasComma = true
        while !take("}") {
            guard hasComma else { throw problem("a comma is missing") }
            guard entries.count < 16 else { throw problem("it has too many keys") }
            guard let key = try readString() else { throw problem("a key is missing") }
            guard take(":") else { throw problem("a colon is missing") }
            let start = position
            let value = try readValue(depth: depth + 1)
            entries.append(.init(key: key, value: value, text: String(decoding: text[start..<position].prefix(80), as: UTF8.self)))
            hasComma = take(",")
        }
        return .dictionary(entries)
    }

    private mutating func readInteger() throws -> Int {
        let start = position
        if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") { position += 1 }
        while let byte, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        guard let value = Int(String(decoding: text[start..<position].prefix(32), as: UTF8.self)) else {
            position = start
            throw problem("a number is none or too large")
        }
        // How Python 2 wrote a long.
        if byte == UInt8(ascii: "L") { position += 1 }
        skipSpace()
        return value
    }

    /// Nil if no string stands here.
    private mutating func readString() throws -> String? {
        var start = position
        // The marks of Python's other string types, which mean nothing here.
        if let byte, byte == UInt8(ascii: "u") || byte == UInt8(ascii: "b") { start += 1 }
        guard start < text.count, text[start] == UInt8(ascii: "'") || text[start] == UInt8(ascii: "\"") else { return nil }
        let quote = text[start]
        position = start + 1
        var string: [UInt8] = []
        while let byte {
            position += 1
            if byte == quote {
                skipSpace()
                return String(decoding: string, as: UTF8.self)
            }
            if byte == 0x0A { break }
            if byte == UInt8(ascii: "\\") {
                string += String(Character(try readEscape())).utf8
            } else {
                string.append(byte)
            }
        }
        throw problem("a string does not end")
    }

    /// What stands behind a backslash.
    private mutating func readEscape() throws -> Unicode.Scalar {
        guard let byte else { throw problem("a string does not end") }
        position += 1
        switch Unicode.Scalar(byte) {
        case "\\", "'", "\"": return Unicode.Scalar(byte)
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "a": return "\u{7}"
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "v": return "\u{B}"
        case "x": return try readCode(digits: 2)
        case "u": return try readCode(digits: 4)
        case "U": return try readCode(digits: 8)
        default: throw problem("a string has an unknown escape")
        }
    }

    private mutating func readCode(digits: Int) throws -> Unicode.Scalar {
        let code = String(decoding: text[position..<min(position + digits, text.count)], as: UTF8.self)
        guard code.utf8.count == digits, let number = UInt32(code, radix: 16), let scalar = Unicode.Scalar(number), code.first != "+" else {
            throw problem("a string has an escape that is no character")
        }
        position += digits
        return scalar
    }
}
