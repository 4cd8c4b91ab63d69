internal import Storage
internal import Tensors

/// The ways a pickle writes text and bytes as text.
enum PickleText {
    /// - Throws: a `malformed` problem for bytes that are no UTF-8; `unsupported` for the halves of characters that only Python keeps.
    static func utf8(_ bytes: UnsafeRawBufferPointer) throws -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        // Python writes a lone surrogate as three bytes, 0xED 0xA0…0xBF.
        let isHalf = zip(bytes, bytes.dropFirst()).contains { $0 == 0xED && $1 >= 0xA0 }
        throw KerasError(
            isHalf ? .unsupported : .malformed, isHalf ? "a text holds half a character (a lone surrogate)" : "a text is not UTF-8")
    }

    /// Protocol 0's `V`: Latin-1, with `\u` and `\U` for what is not. Python's codec `raw-unicode-escape`.
    ///
    /// - Throws: `malformed` problems; `unsupported` for a lone surrogate.
    static func rawUnicodeEscape(_ bytes: UnsafeRawBufferPointer) throws -> String {
        var text = String.UnicodeScalarView()
        var position = 0
        // A surrogate whose other half must follow.
        var high: UInt32?
        while position < bytes.count {
            var code = UInt32(bytes[position])
            position += 1
            if code == 0x5C, position < bytes.count, bytes[position] == UInt8(ascii: "u") || bytes[position] == UInt8(ascii: "U") {
                let count = bytes[position] == UInt8(ascii: "u") ? 4 : 8
                code = try hexadecimal(bytes, at: position + 1, count: count)
                position += 1 + count
            }
            if let first = high {
                guard (0xDC00...0xDFFF).contains(code) else { throw loneSurrogate }
                code = 0x10000 + (first - 0xD800) << 10 + (code - 0xDC00)
                high = nil
            } else if (0xD800...0xDBFF).contains(code) {
                high = code
                continue
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw (0xDC00...0xDFFF).contains(code) ? loneSurrogate : KerasError(.malformed, "an escape in a text is no character")
            }
            text.append(scalar)
        }
        if high != nil { throw loneSurrogate }
        return String(text)
    }

    private static var loneSurrogate: KerasError { KerasError(.unsupported, "a text holds half a character (a lone surrogate)") }

    /// Protocol 0's `S`: Python 2's `str` as it prints, in quotes and with escapes.
    ///
    /// - Throws: `malformed` problems.
    static func quoted(_ bytes: UnsafeRawBufferPointer) throws -> [UInt8] {
        guard bytes.count >= 2, bytes[0] == 0x22 || bytes[0] == 0x27, bytes[bytes.count - 1] == bytes[0] else {
            throw KerasError(.malformed, "a string of a pickle is not in quotes")
        }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var position = 1
        let end = bytes.count - 1
        while position < end {
            let byte = bytes[position]
            position += 1
            guard byte == 0x5C else {
                result.append(byte)
                continue
            }
            guard position < end else { throw KerasError(.malformed, "a string of a pickle ends inside of an escape") }
            let escaped = bytes[position]
            position += 1
            switch escaped {
            case 0x0A: break
            case UInt8(ascii: "a"): result.append(0x07)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "v"): result.append(0x0B)
            case UInt8(ascii: "x"):
                guard position + 2 <= end else { throw KerasError(.malformed, "a string of a pickle ends inside of an escape") }
                result.append(UInt8(try hexadecimal(bytes, at: position, count: 2)))
                position += 2
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                var code = Int(escaped - UInt8(ascii: "0"))
                var digits = 1
                while digits < 3, position < end, (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(bytes[position]) {
                    code = code * 8 + Int(bytes[position] - UInt8(ascii: "0"))
                    position += 1
                    digits += 1
                }
                result.append(UInt8(truncatingIfNeeded: code))
            case 0x22, 0x27, 0x5C: result.append(escaped)
            // As Python: an unknown escape is none.
            default: result += [0x5C, escaped]
            }
        }
        return result
    }

    private static func hexadecimal(_ bytes: UnsafeRawBufferPointer, at start: Int, count: Int) throws -> UInt32 {
        guard count <= bytes.count - start else { throw KerasError(.malformed, "an escape in a text is cut off") }
        var value: UInt32 = 0
        for byte in bytes[start..<start + count] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: throw KerasError(.malformed, "an escape in a text is not hexadecimal")
            }
        }
        return value
    }
}
