import Tensors

/// What stands in a file's name for a number.
enum TemplateNumber {
    case integer(Int)
    case real(Double)
}

/// A name with `{epoch:02d}`, `{val_loss:.2f}` and the like filled in, as Python's `str.format` does.
///
/// - Throws: a `mismatch` problem for a name that is nobody's, or a way to write it that is not known.
func filled(_ template: String, with numbers: [(name: String, number: TemplateNumber)]) throws -> String {
    var text = ""
    var rest = template[...]
    while let open = rest.firstIndex(of: "{") {
        text += rest[..<open]
        guard let close = rest[open...].firstIndex(of: "}") else { break }
        let parts = rest[rest.index(after: open)..<close].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let number = numbers.first(where: { $0.name == parts[0] })?.number else {
            throw KerasError(
                .mismatch, "nothing of this name goes into a file's name", at: Place(file: template), found: "'\(parts[0])'",
                expected: numbers.map(\.name).joined(separator: ", "))
        }
        let format = parts.count > 1 ? String(parts[1]) : ""
        guard let word = number.written(format) else {
            throw KerasError(
                .mismatch, "a number cannot be written so", at: Place(file: template), found: "'\(format)'",
                expected: "02d, .2f or the like")
        }
        text += word
        rest = rest[rest.index(after: close)...]
    }
    return text + rest
}

extension TemplateNumber {
    /// In a format such as `02d` and `.3f`; nil for one that is not known.
    fileprivate func written(_ format: String) -> String? {
        if format.isEmpty {
            switch self {
            case .integer(let number): return "\(number)"
            case .real(let number): return plain(number)
            }
        }
        guard let kind = format.last, let (width, digits, hasZeros) = TemplateNumber.parts(format.dropLast()) else { return nil }
        let word: String
        switch (self, kind) {
        case (.integer(let number), "d"): word = "\(number)"
        case (.integer(let number), "f"): word = fixed(Double(number), digits ?? 6)
        case (.real(let number), "f"): word = fixed(number, digits ?? 6)
        case (.real(let number), "e"): word = scientific(number, digits ?? 6)
        default: return nil
        }
        let missing = max(width - word.count, 0)
        guard hasZeros, word.hasPrefix("-") else { return String(repeating: hasZeros ? "0" : " ", count: missing) + word }
        return "-" + String(repeating: "0", count: missing) + word.dropFirst()
    }

    private static func parts(_ format: Substring) -> (width: Int, digits: Int?, hasZeros: Bool)? {
        let parts = format.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let hasZeros = parts[0].hasPrefix("0")
        guard let width = parts[0].isEmpty ? 0 : Int(parts[0]), (0...64).contains(width) else { return nil }
        guard parts.count > 1 else { return (width, nil, hasZeros) }
        guard let digits = Int(parts[1]), (0...32).contains(digits) else { return nil }
        return (width, digits, hasZeros)
    }
}
