extension JSON {
    /// How a text is laid out. Every style writes ASCII only, with `\uXXXX` for everything else, as Python does by default.
    public struct Style: Sendable, Hashable {
        /// Spaces per level, each value on a line of its own; nil for one line.
        var indentation: Int?
        var itemSeparator: String
        var keySeparator: String

        /// Python's `json.dumps(value)`: one line, `", "` and `": "`.
        public static let python = Style(indentation: nil, itemSeparator: ", ", keySeparator: ": ")
        /// No spaces: `json.dumps(value, separators=(",", ":"))`.
        public static let compact = Style(indentation: nil, itemSeparator: ",", keySeparator: ":")
        /// Python's `json.dumps(value, indent=spaces)`.
        public static func indented(_ spaces: Int) -> Style { Style(indentation: max(spaces, 0), itemSeparator: ",", keySeparator: ": ") }
    }

    /// The text Python's `json.dumps` writes for this value.
    public func serialized(_ style: Style = .python) -> String {
        var writer = JSONWriter(style: style)
        writer.write(self, depth: 0)
        return String(decoding: writer.text, as: UTF8.self)
    }

    /// The text of a float as Python's `repr` writes it: the shortest digits that mean this value, with an exponent from 1e16 on and below 1e-4.
    package static func text(of value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity" }
        // Swift's digits are Python's; where the point goes differs.
        var digits: [UInt8] = []
        var exponent = 0
        var pointSeen = false
        var written = value.magnitude.description.utf8[...]
        if let mark = written.firstIndex(of: UInt8(ascii: "e")) {
            exponent = Int(Substring(written[written.index(after: mark)...])) ?? 0
            written = written[..<mark]
        }
        for byte in written {
            if byte == UInt8(ascii: ".") {
                pointSeen = true
            } else {
                digits.append(byte)
                if pointSeen { exponent -= 1 }
            }
        }
        // value = digits · 10^exponent; bare of zeros at both ends.
        while digits.count > 1, digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            exponent += 1
        }
        digits = Array(digits.drop { $0 == UInt8(ascii: "0") })
        let sign = value.sign == .minus ? "-" : ""
        guard !digits.isEmpty else { return sign + "0.0" }
        let text = String(decoding: digits, as: UTF8.self)
        // Digits before the point, were it written out.
        let whole = digits.count + exponent
        if whole > 16 || whole < -3 {
            let power = whole - 1
            let fraction = digits.count > 1 ? "." + text.dropFirst() : ""
            return sign + text.prefix(1) + fraction + (power < 0 ? "e-" : "e+") + (abs(power) < 10 ? "0" : "") + String(abs(power))
        }
        if whole <= 0 { return sign + "0." + String(repeating: "0", count: -whole) + text }
        if exponent >= 0 { return sign + text + String(repeating: "0", count: exponent) + ".0" }
        return sign + text.prefix(whole) + "." + text.dropFirst(whole)
    }
}

private struct JSONWriter {
    let style: JSON.Style
    var text: [UInt8] = []

    mutating func write(_ value: JSON, depth: Int) {
        switch value {
        case .null: text.append(contentsOf: "null".utf8)
        case .bool(let value): text.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): text.append(contentsOf: String(value).utf8)
        case .bigInteger(let digits): text.append(contentsOf: digits.utf8)
        case .float(let value): text.append(contentsOf: JSON.text(of: value).utf8)
        case .string(let value): write(value)
        case .array(let values):
            write(values, between: "[", "]", depth: depth) { writer, value in writer.write(value, depth: depth + 1) }
        case .object(let object):
            write(object, between: "{", "}", depth: depth) { writer, entry in
                writer.write(entry.key)
                writer.text.append(contentsOf: writer.style.keySeparator.utf8)
                writer.write(entry.value, depth: depth + 1)
            }
        }
    }

    private mutating func write<C: Collection>(
        _ items: C, between open: String, _ close: String, depth: Int, item: (inout JSONWriter, C.Element) -> Void
    ) {
        text.append(contentsOf: open.utf8)
        var isFirst = true
        for element in items {
            if !isFirst { text.append(contentsOf: style.itemSeparator.utf8) }
            isFirst = false
            breakLine(depth + 1)
            item(&self, element)
        }
        // Python writes an empty list on one line in every style.
        if !isFirst { breakLine(depth) }
        text.append(contentsOf: close.utf8)
    }

    private mutating func breakLine(_ depth: Int) {
        guard let spaces = style.indentation else { return }
        text.append(0x0A)
        text.append(contentsOf: repeatElement(0x20, count: spaces * depth))
    }

    private mutating func write(_ string: String) {
        text.append(UInt8(ascii: "\""))
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text.append(contentsOf: #"\""#.utf8)
            case "\\": text.append(contentsOf: #"\\"#.utf8)
            case "\n": text.append(contentsOf: #"\n"#.utf8)
            case "\r": text.append(contentsOf: #"\r"#.utf8)
            case "\t": text.append(contentsOf: #"\t"#.utf8)
            case "\u{8}": text.append(contentsOf: #"\b"#.utf8)
            case "\u{C}": text.append(contentsOf: #"\f"#.utf8)
            case " "..."~": text.append(UInt8(truncatingIfNeeded: scalar.value))
            default: for unit in UTF16.encode(scalar)! { escape(unit) }
            }
        }
        text.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ unit: UInt16) {
        text.append(contentsOf: #"\u"#.utf8)
        for shift in [12, 8, 4, 0] {
            let digit = UInt8(unit >> UInt16(shift) & 0xF)
            text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
