internal import Tensors

/// The ways a pickle writes numbers other than as plain bytes.
enum PickleNumber {
    /// Protocol 0's `I` and `L`: digits, perhaps with Python 2's `L` behind them.
    ///
    /// - Throws: a `malformed` problem for what is no number; `unsupported` for one that takes more than 64 bits.
    static func integer(_ text: String) throws -> Int {
        let digits = text.hasSuffix("L") ? text.dropLast() : text[...]
        if let value = Int(digits) { return value }
        let magnitude = digits.utf8.first.map { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") } == true ? digits.dropFirst() : digits
        guard !magnitude.isEmpty, magnitude.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw KerasError(.malformed, "a number of a pickle is none", found: "'\(text.prefixed(60))'")
        }
        throw tooLarge
    }

    /// `LONG1` and `LONG4`: two's complement, little-endian, of any length.
    ///
    /// - Throws: an `unsupported` problem for one that takes more than 64 bits.
    static func integer(_ bytes: UnsafeRawBufferPointer) throws -> Int {
        guard let last = bytes.last else { return 0 }
        let sign: UInt8 = last & 0x80 == 0 ? 0 : 0xFF
        var value = sign == 0 ? 0 : -1
        for byte in bytes.prefix(8).reversed() { value = value << 8 | Int(byte) }
        guard bytes.dropFirst(8).allSatisfy({ $0 == sign }), (value < 0) == (sign != 0) else { throw tooLarge }
        return value
    }

    private static var tooLarge: KerasError { KerasError(.unsupported, "an integer takes more than 64 bits") }

    /// Protocol 0's `F`.
    ///
    /// - Throws: a `malformed` problem for what is no number.
    static func float(_ text: String) throws -> Double {
        // Swift reads hexadecimal ones too, Python does not.
        guard !text.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "x") }), let value = Double(text) else {
            throw KerasError(.malformed, "a number of a pickle is none", found: "'\(text.prefixed(60))'")
        }
        return value
    }
}
