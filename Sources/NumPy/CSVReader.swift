internal import Tensors

/// Numbers out of the text of a table, each as the nearest `T`.
struct CSVReader<T: TensorScalar> {
    private let bytes: UnsafeRawBufferPointer
    private let delimiter: UInt8
    private var skipRows: Int
    private var position = 0
    private var line = 0
    private var values: [T] = []

    init(_ bytes: UnsafeRawBufferPointer, delimiter: UInt8, skipRows: Int) {
        self.bytes = bytes
        self.delimiter = delimiter
        self.skipRows = skipRows
    }

    /// - Throws: `malformed` problems that name line and column.
    mutating func read() throws -> Tensor {
        var columns: Int?
        var rows = 0
        while position < bytes.count {
            let range = nextLine()
            if line <= skipRows { continue }
            // Behind a # nothing counts.
            let end = bytes[range].firstIndex(of: UInt8(ascii: "#")) ?? range.upperBound
            guard bytes[range.lowerBound..<end].contains(where: { !CSVReader.isBlank($0) }) else { continue }
            let count = try readRow(range.lowerBound..<end, isFirst: columns == nil)
            guard count == columns ?? count else {
                throw KerasError(
                    .malformed, "a row of the table has another length than those before", at: Place(object: "line \(line)"),
                    found: "\(count) numbers", expected: "\(columns ?? 0)")
            }
            columns = count
            rows += 1
        }
        guard let columns else { throw KerasError(.malformed, "there are no numbers in the table", expected: "a row of numbers per line") }
        return try Tensor(values, shape: [rows, columns])
    }

    /// The next line without its end: a line feed, a carriage return, or both.
    private mutating func nextLine() -> Range<Int> {
        let start = position
        while position < bytes.count, bytes[position] != 0x0A, bytes[position] != 0x0D { position += 1 }
        let end = position
        if position < bytes.count {
            position += bytes[position] == 0x0D && position + 1 < bytes.count && bytes[position + 1] == 0x0A ? 2 : 1
        }
        line += 1
        return start..<end
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private mutating func readRow(_ range: Range<Int>, isFirst: Bool) throws -> Int {
        var count = 0
        var start = range.lowerBound
        while true {
            let end = bytes[start..<range.upperBound].firstIndex(of: delimiter) ?? range.upperBound
            var (low, high) = (start, end)
            while low < high, CSVReader.isBlank(bytes[low]) { low += 1 }
            while high > low, CSVReader.isBlank(bytes[high - 1]) { high -= 1 }
            guard let value = number(low..<high) else {
                let text = String(decoding: bytes[low..<high].prefix(60), as: UTF8.self)
                throw KerasError(
                    .malformed, "a field of the table is no number", at: Place(object: "line \(line), column \(count + 1)"),
                    found: "'\(text)'",
                    expected: "a number of \(T.dtype)"
                        + (isFirst && line == skipRows + 1 ? "; a line of titles is left out if told so" : ""))
            }
            values.append(value)
            count += 1
            if end == range.upperBound { return count }
            start = end + 1
        }
    }

    private func number(_ range: Range<Int>) -> T? {
        // No number of a Double needs more, and all of them end.
        guard !range.isEmpty, range.count <= 1 << 10 else { return nil }
        return T.isInteger ? integer(range) : float(range)
    }

    private func integer(_ range: Range<Int>) -> T? {
        let text = String(decoding: bytes[range], as: UTF8.self)
        if T.dtype == .uint64 { return UInt64(text).map { T(wide: Int64(bitPattern: $0)) } }
        guard let wide = Int64(text) else { return nil }
        let value = T(wide: wide)
        // As numpy: a truth value is any number but 0, all else must fit.
        return T.dtype == .bool || value.wide == wide ? value : nil
    }

    private func float(_ range: Range<Int>) -> T? {
        if let exact = decimal(range) { return exact }
        let text = String(decoding: bytes[range], as: UTF8.self)
        // Swift reads hexadecimal too, Python does not; and names a payload in nan(…).
        guard !text.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "x") || $0 == UInt8(ascii: "(") }) else { return nil }
        // The nearest number of the type itself: by way of a Double some would be rounded twice.
        if T.dtype == .float32 { return Float(text).map { T(double: Double($0)) } }
        return Double(text).map { T(double: $0) }
    }

    /// A number of few digits, which one multiplication or division of exact Doubles rounds correctly; nil for all others.
    private func decimal(_ range: Range<Int>) -> T? {
        guard T.dtype == .float64 || T.dtype == .float32 else { return nil }
        var position = range.lowerBound
        let isNegative = bytes[position] == UInt8(ascii: "-")
        if isNegative || bytes[position] == UInt8(ascii: "+") { position += 1 }
        var mantissa = 0
        var digits = 0
        var fraction = 0
        var isFraction = false
        while position < range.upperBound {
            let byte = bytes[position]
            if byte == UInt8(ascii: "."), !isFraction {
                isFraction = true
            } else if (0x30...0x39).contains(byte), digits < 15 {
                mantissa = mantissa * 10 + Int(byte - 0x30)
                digits += 1
                if isFraction { fraction += 1 }
            } else {
                return nil
            }
            position += 1
        }
        // A Float's rounding would be a second one, but for whole numbers it holds.
        guard digits > 0, T.dtype == .float64 || (fraction == 0 && mantissa < 1 << 24) else { return nil }
        let value = fraction == 0 ? Double(mantissa) : Double(mantissa) / CSVReader.power(fraction)
        return T(double: isNegative ? -value : value)
    }

    private static func power(_ exponent: Int) -> Double {
        var power = 1.0
        for _ in 0..<exponent { power *= 10 }
        return power
    }
}
