#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

// Numbers as Python prints them.

/// `f"{value:.4f}"`
func fixed(_ value: Double, _ digits: Int) -> String { formatted("%.\(digits)f", value) }

/// `f"{value:.4e}"`
func scientific(_ value: Double, _ digits: Int) -> String { formatted("%.\(digits)e", value) }

/// With one of C's formats for a number.
func formatted(_ format: String, _ value: Double) -> String {
    if value.isNaN { return "nan" }
    return withVaList([value]) { list in
        // A number of 300 digits before the point and some after it.
        var characters = [CChar](repeating: 0, count: 512)
        vsnprintf(&characters, characters.count, format, list)
        return String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// `str(value)`
func plain(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    return "\(value)"
}
