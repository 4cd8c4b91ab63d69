/// Numbers as people read them; without Foundation, whose loading takes longer than a prediction.
enum Numbers {
    /// As C's `%.<digits>f`.
    static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return special(value) }
        let scale = (0..<digits).reduce(1.0) { power, _ in power * 10 }
        let scaled = (value.magnitude * scale).rounded(.toNearestOrEven)
        guard scaled < 1e18 else { return value.description }
        let number = Int(scaled)
        let sign = value.sign == .minus ? "-" : ""
        guard digits > 0 else { return "\(sign)\(number)" }
        let fraction = String(number % Int(scale))
        return "\(sign)\(number / Int(scale)).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }

    /// As C's `%.<digits>e`.
    static func scientific(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return special(value) }
        var mantissa = value.magnitude
        var exponent = 0
        while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        while mantissa < 1, mantissa > 0 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
        var text = fixed(mantissa, digits)
        if text.hasPrefix("10") { (text, exponent) = (fixed(mantissa / 10, digits), exponent + 1) }
        let sign = value.sign == .minus ? "-" : ""
        return "\(sign)\(text)e\(exponent < 0 ? "-" : "+")\(exponent.magnitude < 10 ? "0" : "")\(exponent.magnitude)"
    }

    /// About five digits: `0.1307`, `33.791`, `-1.25e-07`; whole numbers in full.
    static func short(_ value: Double) -> String {
        guard value.isFinite else { return special(value) }
        if value == value.rounded(), value.magnitude < 1e12 { return String(Int(value)) }
        guard value.magnitude >= 1e-5, value.magnitude < 1e7 else { return trimmed(scientific(value, 4)) }
        var digits = 4
        var size = value.magnitude
        while size >= 10, digits > 0 { (size, digits) = (size / 10, digits - 1) }
        while size < 1 { (size, digits) = (size * 10, digits + 1) }
        return trimmed(fixed(value, digits))
    }

    /// As Keras ends its progress line: four decimals, or a power of ten for what they would not show.
    static func score(_ value: Double) -> String { value.magnitude > 1e-3 || value == 0 ? fixed(value, 4) : scientific(value, 4) }

    /// `93,322`
    static func grouped(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        let groups = stride(from: digits.count, to: 0, by: -3).map { String(digits[max($0 - 3, 0)..<$0]) }.reversed()
        return (number < 0 ? "-" : "") + groups.joined(separator: ",")
    }

    /// `364.54 KB`
    static func bytes(_ count: Int) -> String {
        var value = Double(count)
        var units = ["B", "KB", "MB", "GB", "TB"][...]
        while value >= 1024, units.count > 1 {
            value /= 1024
            units.removeFirst()
        }
        return count < 1024 ? "\(count) B" : "\(fixed(value, 2)) \(units.first ?? "")"
    }

    /// `1 array`, `2 arrays`
    static func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
        "\(grouped(count)) \(count == 1 ? noun : plural ?? noun + "s")"
    }

    private static func special(_ value: Double) -> String { value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }

    /// Without zeros at the end that say nothing.
    private static func trimmed(_ text: String) -> String {
        let parts = text.split(separator: "e", maxSplits: 1)
        guard var head = parts.first, head.contains(".") else { return text }
        while head.last == "0" { head.removeLast() }
        if head.last == "." { head.removeLast() }
        return String(head) + (parts.count > 1 ? "e" + parts[1] : "")
    }
}
