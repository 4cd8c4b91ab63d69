internal import Tensors

extension JSONParser {
    /// Reads a string from its opening quotation mark to behind the closing one.
    mutating func readString() throws -> String {
        let start = position + 1
        var index = start
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "\"") {
                guard let string = String(validating: text[start..<index], as: UTF8.self) else { throw invalidText() }
                advance(to: index + 1)
                return string
            }
            if byte == UInt8(ascii: "\\") { return try readEscapedString(from: start, firstEscape: index) }
            if byte < 0x20 { break }
            index += 1
        }
        throw unfinished(at: index)
    }

    private mutating func readEscapedString(from start: Int, firstEscape: Int) throws -> String {
        var bytes = Array(text[start..<firstEscape])
        var index = firstEscape
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "\"") {
                guard let string = String(validating: bytes, as: UTF8.self) else { throw invalidText() }
                advance(to: index + 1)
                return string
            }
            if byte < 0x20 { break }
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            guard index < text.count else { break }
            let escape = text[index]
            index += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(escape)
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "u"):
                guard let unit = hexadecimal(at: index) else {
                    advance(to: index - 2)
                    throw problem("an escape sequence has no four hexadecimal digits", expected: "\\uXXXX")
                }
                index += 4
                var scalar = unit
                // The second half of a pair, if it follows.
                if unit >> 10 == 0xD800 >> 10, text[index...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]),
                    let low = hexadecimal(at: index + 2), low >> 10 == 0xDC00 >> 10
                {
                    scalar = 0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF
                    index += 6
                }
                bytes.append(contentsOf: String(Character(Unicode.Scalar(scalar) ?? "\u{FFFD}")).utf8)
            default:
                advance(to: index - 2)
                throw problem("a string holds an unknown escape sequence", expected: "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")
            }
        }
        throw unfinished(at: index)
    }

    private func hexadecimal(at index: Int) -> UInt32? {
        guard index + 4 <= text.count else { return nil }
        var value: UInt32 = 0
        for byte in text[index..<index + 4] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return value
    }

    private func invalidText() -> KerasError { problem("a string is not UTF-8", found: "other bytes", expected: "UTF-8") }

    private mutating func unfinished(at index: Int) -> KerasError {
        advance(to: index)
        return index < text.count
            ? problem("a string holds a control character that is not escaped", expected: "an escape sequence")
            : problem("a string does not end", expected: "'\"'")
    }

    /// Reads a number: an integer if it has neither point nor exponent.
    mutating func readNumber() throws -> JSON {
        let start = position
        var index = start
        let isNegative = text[index] == UInt8(ascii: "-")
        if isNegative {
            index += 1
            advance(to: index)
            if take("Infinity") { return .float(-.infinity) }
        }
        var significand = Significand()
        let firstDigit = index
        index = significand.read(text, from: index)
        guard index > firstDigit else { throw problem("a number has no digits", expected: "a digit") }
        if text[firstDigit] == UInt8(ascii: "0") && index > firstDigit + 1 {
            throw problem("a number begins with a zero", found: "a leading zero", expected: "none")
        }
        var isFloat = false
        var exponent = 0
        if index < text.count, text[index] == UInt8(ascii: ".") {
            isFloat = true
            let firstDecimal = index + 1
            index = significand.read(text, from: firstDecimal)
            guard index > firstDecimal else { throw missingDigits(at: index, "a number has no digits after its point") }
            exponent = firstDecimal - index
        }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            isFloat = true
            index += 1
            var isDown = false
            if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
                isDown = text[index] == UInt8(ascii: "-")
                index += 1
            }
            var power = Significand()
            let firstPower = index
            index = power.read(text, from: index)
            guard index > firstPower else { throw missingDigits(at: index, "a number has no digits in its exponent") }
            let magnitude = power.value.map { Int(min($0, 1_000_000)) } ?? 1_000_000
            exponent += isDown ? -magnitude : magnitude
        }
        advance(to: index)
        if !isFloat {
            if let magnitude = significand.value {
                if magnitude <= UInt64(Int.max) { return .integer(isNegative ? -Int(magnitude) : Int(magnitude)) }
                if isNegative && magnitude == UInt64(Int.max) + 1 { return .integer(.min) }
            }
            return .bigInteger(String(decoding: text[start..<index], as: UTF8.self))
        }
        if let magnitude = significand.double(exponent: exponent) { return .float(isNegative ? -magnitude : magnitude) }
        // The grammar is checked; a number past the largest is infinite, as in Python.
        return .float(Double(String(decoding: text[start..<index], as: UTF8.self)) ?? .nan)
    }

    private mutating func missingDigits(at index: Int, _ sentence: String) -> KerasError {
        advance(to: index)
        return problem(sentence, expected: "a digit")
    }
}

/// The digits of a number, gathered while they fit.
private struct Significand {
    /// Nil once the digits no longer fit.
    private(set) var value: UInt64? = 0

    /// Reads digits from `index` on and returns where they end.
    mutating func read(_ text: [UInt8], from index: Int) -> Int {
        var index = index
        while index < text.count, case let digit = text[index] &- UInt8(ascii: "0"), digit < 10 {
            if let soFar = value {
                let (product, overflow) = soFar.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
                value = overflow || carry ? nil : sum
            }
            index += 1
        }
        return index
    }

    /// Powers of ten that a `Double` holds exactly.
    private static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// The correctly rounded value if one exact operation gives it (Clinger's fast path), which covers nearly every number in practice.
    func double(exponent: Int) -> Double? {
        guard let value, value <= 1 << 53, abs(exponent) < Significand.powers.count else { return nil }
        let exact = Double(value)
        return exponent < 0 ? exact / Significand.powers[-exponent] : exact * Significand.powers[exponent]
    }
}
