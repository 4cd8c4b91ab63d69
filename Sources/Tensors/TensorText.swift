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
}
