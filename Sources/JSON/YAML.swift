// One file over 300 lines: the reader of one grammar, whose parts call each other.
internal import Tensors

extension JSON {
    /// Reads a YAML text as `yaml.dump` writes plain data, which is what Keras before TensorFlow 2.6 kept architectures in (`to_yaml`): block and
    /// flow collections, the scalars of YAML 1.1, anchors. A tag calls nothing: `!!python/tuple` is a list, `!!python/unicode` text, and any
    /// other object is kept as an object of its one tag, for whoever uses it to refuse.
    ///
    /// A reader of this subset rather than a YAML library: what is read is a tree that must be bounded anyway, aliases above all, and so nothing
    /// of C stands between an untrusted file and this package.
    ///
    /// - Throws: a `malformed` problem that tells the line, a `resource` problem past ``maximumDepth``, ``maximumByteCount`` or
    ///   ``maximumYAMLNodes``.
    public init(yaml bytes: some Collection<UInt8>) throws {
        guard bytes.count <= JSON.maximumByteCount else {
            throw KerasError(
                .resource, "a YAML text is too long", found: "\(bytes.count) bytes", expected: "at most \(JSON.maximumByteCount)")
        }
        var reader = YAMLReader(text: Array(bytes))
        self = try reader.document()
    }

    /// The most values that a YAML text may stand for, those of its aliases counted each time.
    public static let maximumYAMLNodes = 1 << 20
}

/// Reads one YAML text from front to back.
private struct YAMLReader {
    private let text: [UInt8]
    private var position = 0
    private var lineStart = 0
    private var line = 1
    private var depth = 0
    private var nodes = 0
    private var anchors: [String: (value: JSON, nodes: Int)] = [:]
    /// Its parts call each other, on the machine's stack.
    private let maximumDepth = min(JSON.maximumDepth, 128)

    /// Lines end in any of the three ways there are.
    init(text: [UInt8]) {
        guard text.contains(0x0D) else {
            self.text = text
            return
        }
        let next = text.dropFirst() + [0]
        self.text = zip(text, next).compactMap { byte, next in byte != 0x0D ? byte : next == 0x0A ? nil : 0x0A }
    }

    mutating func document() throws -> JSON {
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        skipToContent()
        if isAt("---") {
            position += 3
            skipToContent()
        }
        let value = try node(parent: -1, isValue: false)
        skipToContent()
        if isAt("...") {
            position += 3
            skipToContent()
        }
        guard position == text.count else { throw wrong("there is text after the value") }
        return value
    }

    // MARK: Blocks

    /// - Parameters:
    ///   - parent: the column of the collection this belongs to.
    ///   - isValue: of a mapping, where a list may stand in the mapping's own column, and no mapping in the line of the key.
    private mutating func node(parent: Int, isValue: Bool) throws -> JSON {
        try count()
        defer { depth -= 1 }
        let (firstLine, start) = (line, nodes)
        var (tag, anchor) = try properties()
        skipToContent()
        var value = JSON.null
        let isSameLine = line == firstLine
        let isInside = column > parent || isValue && column == parent && isDash
        if position < text.count, isSameLine || isInside {
            if tag == nil, anchor == nil, !isSameLine { (tag, anchor) = try properties() }
            value = try content(parent: parent, allowsMapping: !isValue || !isSameLine, tag)
        }
        if let tag { value = YAMLReader.tagged(value, tag) }
        if let anchor { anchors[anchor] = (value, nodes - start) }
        return value
    }

    private mutating func content(parent: Int, allowsMapping: Bool, _ tag: String?) throws -> JSON {
        switch byte {
        case UInt8(ascii: "-") where isDash: return try sequence(at: column)
        case UInt8(ascii: "["), UInt8(ascii: "{"): return try flow()
        case UInt8(ascii: "|"), UInt8(ascii: ">"): return .string(try literal(parent: parent))
        case UInt8(ascii: "*"): return try alias()
        case UInt8(ascii: "?") where isSpace(position + 1): throw wrong("a key that is no text is not read")
        default: break
        }
        let (start, column) = (position, column)
        if allowsMapping, try key() != nil {
            position = start
            return try mapping(at: column)
        }
        position = start
        if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") { return .string(try quoted()) }
        let text = plain(parent: parent)
        guard !text.contains(": ") else { throw wrong("a mapping stands where there is none") }
        return scalar(text, tag)
    }

    private mutating func sequence(at column: Int) throws -> JSON {
        var items: [JSON] = []
        while position < text.count, self.column == column, isDash {
            position += 1
            items.append(try node(parent: column, isValue: false))
            skipToContent()
        }
        guard position == text.count || self.column <= column else { throw wrong("a list's item stands in another column") }
        return .array(items)
    }

    private mutating func mapping(at column: Int) throws -> JSON {
        var object = JSONObject()
        while position < text.count, self.column == column, !isDash, !isAt("...") {
            guard let key = try key() else { throw wrong("a key is missing") }
            guard !object.contains(key) else { throw wrong("a key is given twice: '\(key)'") }
            object[key] = try node(parent: column, isValue: true)
            skipToContent()
        }
        guard position == text.count || self.column <= column else { throw wrong("a key stands in another column") }
        return .object(object)
    }

    /// The key that begins here, read past its colon; nil if there is none in this line.
    private mutating func key() throws -> String? {
        if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
            let first = line
            let text = try quoted()
            guard line == first, byte == UInt8(ascii: ":"), isSpace(position + 1) else { return nil }
            position += 1
            return text
        }
        let start = position
        while position < text.count, byte != 0x0A {
            if byte == UInt8(ascii: ":"), isSpace(position + 1) {
                let key = decoded(start..<position)
                position += 1
                return key
            }
            if byte == UInt8(ascii: "#"), position > start, isSpace(position - 1) { return nil }
            position += 1
        }
        return nil
    }

    /// A scalar without quotes, over as many lines as stand further in.
    private mutating func plain(parent: Int) -> String {
        var words: [String] = []
        while position < text.count {
            let start = position
            while position < text.count, byte != 0x0A {
                if byte == UInt8(ascii: "#"), position > start, isSpace(position - 1) { break }
                position += 1
            }
            words.append(trimmed(decoded(start..<position)))
            skipToContent()
            guard column > parent, position < text.count else { break }
        }
        return words.filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// The lines of `|`, and of `>` joined.
    private mutating func literal(parent: Int) throws -> String {
        let folds = byte == UInt8(ascii: ">")
        var indent: Int?
        var keeps: Bool?
        position += 1
        while position < text.count, !isSpace(position) {
            switch byte {
            case UInt8(ascii: "+"), UInt8(ascii: "-"): keeps = byte == UInt8(ascii: "+")
            case UInt8(ascii: "1")...UInt8(ascii: "9"): indent = max(parent, 0) + Int(byte - UInt8(ascii: "0"))
            default: throw wrong("a text of several lines begins in an unknown way")
            }
            position += 1
        }
        while position < text.count, byte != 0x0A { position += 1 }
        var result = ""
        var (breaks, last, isEnded) = (0, String?.none, false)
        while position < text.count {
            newline()
            let start = position
            while byte == 0x20, indent == nil || column < indent! { position += 1 }
            if byte == 0x0A || position == text.count {
                breaks += position < text.count ? 1 : 0
                continue
            }
            guard column > parent, column == indent ?? column else {
                position = start
                break
            }
            indent = indent ?? column
            let first = position
            while position < text.count, byte != 0x0A { position += 1 }
            let next = decoded(first..<position)
            // Folded lines are joined by a space, but for those that stand further in.
            let isFolded = folds && ![last, next].contains { $0?.first == " " || $0?.first == "\t" }
            if last != nil { result += !isFolded ? "\n" : breaks == 0 ? " " : "" }
            result += String(repeating: "\n", count: breaks) + next
            (breaks, last, isEnded) = (0, next, position < text.count)
        }
        if keeps ?? true, isEnded { result += "\n" }
        return keeps == true ? result + String(repeating: "\n", count: breaks) : result
    }

    // MARK: Flow

    private mutating func flow() throws -> JSON {
        try count()
        defer { depth -= 1 }
        let start = nodes
        let (tag, anchor) = try properties()
        skipToContent()
        var value: JSON
        switch byte {
        case UInt8(ascii: "["):
            var items: [JSON] = []
            position += 1
            while try !ends(UInt8(ascii: "]")) { items.append(try flow()) }
            value = .array(items)
        case UInt8(ascii: "{"):
            var object = JSONObject()
            position += 1
            while try !ends(UInt8(ascii: "}")) {
                let key = byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") ? try quoted() : flowPlain()
                skipToContent()
                guard byte == UInt8(ascii: ":") else { throw wrong("a key has no value") }
                position += 1
                skipToContent()
                object[key] = byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") ? .null : try flow()
            }
            value = .object(object)
        case UInt8(ascii: "*"): value = try alias()
        case UInt8(ascii: "'"), UInt8(ascii: "\""): value = .string(try quoted())
        default:
            let start = position
            value = scalar(flowPlain(), tag)
            // Another collection's end: nothing would ever be read past it.
            guard position > start || tag != nil || anchor != nil else { throw wrong("a value is missing") }
        }
        if let tag { value = YAMLReader.tagged(value, tag) }
        if let anchor { anchors[anchor] = (value, nodes - start) }
        return value
    }

    /// Whether a flow collection ends here; a comma before the next item is read.
    private mutating func ends(_ bracket: UInt8) throws -> Bool {
        skipToContent()
        if byte == UInt8(ascii: ",") {
            position += 1
            skipToContent()
        }
        guard position < text.count else { throw wrong("a list or mapping does not end") }
        guard byte == bracket else { return false }
        position += 1
        return true
    }

    private mutating func flowPlain() -> String {
        let start = position
        while position < text.count, !",[]{}".utf8.contains(byte) {
            if byte == UInt8(ascii: ":"), isSpace(position + 1) || position + 1 < text.count && ",[]{}".utf8.contains(text[position + 1]) {
                break
            }
            if byte == 0x0A { newline() } else { position += 1 }
        }
        let words = decoded(start..<position).split(whereSeparator: \.isWhitespace)
        return words.joined(separator: " ")
    }

    // MARK: Scalars

    private mutating func quoted() throws -> String {
        let mark = byte
        position += 1
        var bytes: [UInt8] = []
        while position < text.count {
            let next = byte
            if next == mark {
                position += 1
                guard mark == UInt8(ascii: "'"), byte == mark else { return String(decoding: bytes, as: UTF8.self) }
                bytes.append(mark)
                position += 1
            } else if next == UInt8(ascii: "\\"), mark == UInt8(ascii: "\"") {
                position += 1
                try escape(into: &bytes)
            } else if next == 0x0A {
                // Lines are joined by a space; as many empty ones as there are stay breaks.
                while bytes.last == 0x20 { bytes.removeLast() }
                var breaks = 0
                while byte == 0x0A || byte == 0x20 {
                    if byte == 0x0A {
                        breaks += 1
                        newline()
                    } else {
                        position += 1
                    }
                }
                bytes += breaks == 1 ? [0x20] : [UInt8](repeating: 0x0A, count: breaks - 1)
            } else {
                bytes.append(next)
                position += 1
            }
        }
        throw wrong("a text does not end")
    }

    private static let escapes: [UInt8: [UInt8]] = [
        UInt8(ascii: "0"): [0], UInt8(ascii: "a"): [7], UInt8(ascii: "b"): [8], UInt8(ascii: "t"): [9], UInt8(ascii: "n"): [10],
        UInt8(ascii: "v"): [11], UInt8(ascii: "f"): [12], UInt8(ascii: "r"): [13], UInt8(ascii: "e"): [27], UInt8(ascii: " "): [32],
        UInt8(ascii: "\""): [34], UInt8(ascii: "/"): [47], UInt8(ascii: "\\"): [92], UInt8(ascii: "_"): [0xC2, 0xA0],
        UInt8(ascii: "N"): [0xC2, 0x85], UInt8(ascii: "L"): [0xE2, 0x80, 0xA8], UInt8(ascii: "P"): [0xE2, 0x80, 0xA9],
    ]

    private mutating func escape(into bytes: inout [UInt8]) throws {
        let letter = byte
        position += 1
        if letter == 0x0A {
            // An escaped end of line is nothing, and so is the next one's indentation.
            position -= 1
            newline()
            while byte == 0x20 || byte == 0x09 { position += 1 }
        } else if let known = YAMLReader.escapes[letter] {
            bytes += known
        } else if let digits = [UInt8(ascii: "x"): 2, UInt8(ascii: "u"): 4, UInt8(ascii: "U"): 8][letter] {
            let end = min(position + digits, text.count)
            guard let number = UInt32(decoded(position..<end), radix: 16) else { throw wrong("an escape is not hexadecimal") }
            position = end
            bytes += Array(String(Unicode.Scalar(number) ?? "\u{FFFD}").utf8)
        } else {
            throw wrong("an escape is not known")
        }
    }

    /// A plain scalar's value by YAML 1.1's rules.
    private func scalar(_ text: String, _ tag: String?) -> JSON {
        if let tag, tag.hasSuffix("str") || tag.hasSuffix("unicode") { return .string(text) }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return true
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return false
        case ".inf", "+.inf", ".Inf": return .float(.infinity)
        case "-.inf", "-.Inf": return .float(-.infinity)
        case ".nan", ".NaN": return .float(.nan)
        default: break
        }
        guard let first = text.utf8.first, "0123456789+-.".utf8.contains(first) else { return .string(text) }
        let digits = text.filter { $0 != "_" }
        if let integer = Int(digits) { return .integer(integer) }
        // A number with an exponent but no point is text.
        if digits.contains("."), let number = Double(digits) { return .float(number) }
        return .string(text)
    }

    private static func tagged(_ value: JSON, _ tag: String) -> JSON {
        switch tag {
        case "!!python/tuple", "!!python/list", "!!seq", "!!python/dict", "!!map", "!!null", "!!bool", "!!int", "!!float", "!!str",
            "!!python/unicode", "!!python/str", "!!python/int", "!!python/long", "!!python/float", "!!python/bool", "!!python/none":
            value
        case "!!python/name:null", "!!python/none:": .null
        default: .object([tag: value])
        }
    }

    private mutating func properties() throws -> (tag: String?, anchor: String?) {
        var (tag, anchor): (String?, String?) = (nil, nil)
        while true {
            while byte == 0x20 { position += 1 }
            guard byte == UInt8(ascii: "!") || byte == UInt8(ascii: "&") else { return (tag, anchor) }
            let start = position
            while position < text.count, !isSpace(position), !",[]{}".utf8.contains(byte) { position += 1 }
            let word = decoded(start..<position)
            if word.hasPrefix("!") { tag = word } else { anchor = String(word.dropFirst()) }
        }
    }

    private mutating func alias() throws -> JSON {
        let start = position + 1
        while position < text.count, !isSpace(position), !",[]{}".utf8.contains(byte) { position += 1 }
        let name = decoded(min(start, position)..<position)
        guard let known = anchors[name] else { throw wrong("an alias names nothing: '*\(name)'") }
        nodes += known.nodes
        guard nodes <= JSON.maximumYAMLNodes else { throw tooMany() }
        return known.value
    }

    // MARK: Places

    private var byte: UInt8 { position < text.count ? text[position] : 0 }
    private var column: Int { position - lineStart }
    private var isDash: Bool { byte == UInt8(ascii: "-") && isSpace(position + 1) }

    private func isSpace(_ index: Int) -> Bool { index >= text.count || [0x20, 0x0A, 0x09].contains(text[index]) }

    private func isAt(_ word: String) -> Bool {
        column == 0 && text[position...].starts(with: word.utf8) && isSpace(position + word.utf8.count)
    }

    private func decoded(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }

    private func trimmed(_ text: String) -> String {
        var text = Substring(text)
        while let last = text.last, last.isWhitespace { text.removeLast() }
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        return String(text)
    }

    /// Steps over the end of a line.
    private mutating func newline() {
        position += 1
        (lineStart, line) = (position, line + 1)
    }

    /// To the next thing that is no space and no comment.
    private mutating func skipToContent() {
        while position < text.count {
            if byte == 0x0A {
                newline()
            } else if [0x20, 0x09].contains(byte) {
                position += 1
            } else if byte == UInt8(ascii: "#"), position == lineStart || isSpace(position - 1) {
                while position < text.count, byte != 0x0A { position += 1 }
            } else {
                return
            }
        }
    }

    private mutating func count() throws {
        (depth, nodes) = (depth + 1, nodes + 1)
        guard depth <= maximumDepth else {
            throw KerasError(.resource, "a YAML text is nested too deeply", expected: "at most \(maximumDepth) levels")
        }
        guard nodes <= JSON.maximumYAMLNodes else { throw tooMany() }
    }

    private func tooMany() -> KerasError {
        KerasError(.resource, "a YAML text stands for too many values", expected: "at most \(JSON.maximumYAMLNodes)")
    }

    private func wrong(_ sentence: String) -> KerasError {
        KerasError(.malformed, "not YAML as Keras wrote it, at line \(line), column \(column + 1): \(sentence)")
    }
}
