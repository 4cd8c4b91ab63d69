extension Tensor {
    /// Text elements in row-major order, without the NULs that fill them up. Bytes that are no UTF-8, and code units that are no character, show
    /// as U+FFFD.
    ///
    /// - Throws: an `unsupported` problem for elements that are no text.
    public func strings() throws -> [String] {
        let source = try contiguous()
        switch dtype {
        case .bytes(let width):
            return source.withUnsafeBytes { bytes in
                (0..<count).map { index in
                    let element = bytes[index * width..<(index + 1) * width]
                    let end = element.lastIndex { $0 != 0 }.map { $0 + 1 } ?? element.startIndex
                    return String(decoding: element[..<end], as: UTF8.self)
                }
            }
        case .unicode(let width):
            return source.withUnsafeBytes { bytes in
                (0..<count).map { index in
                    let units = (0..<width).map { bytes.loadUnaligned(fromByteOffset: 4 * (index * width + $0), as: UInt32.self) }
                    let end = units.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
                    var text = String.UnicodeScalarView()
                    for unit in units[..<end] { text.append(Unicode.Scalar(unit) ?? "\u{FFFD}") }
                    return String(text)
                }
            }
        default: throw KerasError(.unsupported, "elements of this type are not text", found: "\(dtype)", expected: "bytes or unicode")
        }
    }

    /// Text as an array of Python's `str` (numpy `U`): the width is that of the longest.
    ///
    /// - Throws: a `mismatch` problem if their number is not the shape's.
    public init(_ strings: [String], shape: Shape? = nil) throws {
        let rows = strings.map { $0.unicodeScalars.map(\.value) }
        let shape = shape ?? [strings.count]
        guard shape.count == strings.count else {
            throw KerasError(.mismatch, "a tensor's texts do not fill its shape", found: "\(strings.count) texts", expected: "\(shape)")
        }
        let width = rows.reduce(1) { max($0, $1.count) }
        let units = try Tensor(
            rows.flatMap { $0 + Array(repeating: 0, count: width - $0.count) }, shape: try Shape(checking: [rows.count, width]))
        self.init(dtype: .unicode(width), shape: shape, buffer: units.buffer)
    }

    /// Text elements as bytes, in UTF-8, without the NULs that fill them up.
    ///
    /// - Throws: an `unsupported` problem for elements that are no text.
    package func utf8() throws -> [[UInt8]] {
        guard case .bytes(let width) = dtype else { return try strings().map { Array($0.utf8) } }
        return try contiguous().withUnsafeBytes { bytes in
            (0..<count).map { index in
                let element = bytes[index * width..<(index + 1) * width]
                return Array(element[..<(element.lastIndex { $0 != 0 }.map { $0 + 1 } ?? element.startIndex)])
            }
        }
    }

    /// Bytes that are filled up with NULs to the length of the longest.
    package init(utf8 texts: [[UInt8]], shape: Shape) throws {
        guard shape.count == texts.count else {
            throw KerasError(.mismatch, "a tensor's texts do not fill its shape", found: "\(texts.count) texts", expected: "\(shape)")
        }
        let width = texts.reduce(1) { max($0, $1.count) }
        let bytes = try Tensor(
            texts.flatMap { $0 + Array(repeating: 0, count: width - $0.count) }, shape: try Shape(checking: [texts.count, width]))
        self.init(dtype: .bytes(width), shape: shape, buffer: bytes.buffer)
    }
}
