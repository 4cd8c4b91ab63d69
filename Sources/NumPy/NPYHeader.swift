internal import Storage
internal import Tensors

/// What stands before the elements of a `.npy` file.
struct NPYHeader {
    let content: NPYDescription.Content
    let isFortran: Bool
    let shape: Shape
    /// Where the elements begin.
    let dataOffset: Int

    /// The six bytes a `.npy` file begins with.
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// Bytes before the header's text, at most.
    static let prefixCount = 12
    /// The longest header that is read.
    static var maximumCount: Int { Budgets.current.npyHeaderBytes }
    /// numpy's own limit.
    static let maximumRank = 64
    /// Elements without bytes cost a file nothing, and whoever walks over them time.
    static let maximumEmptyElements = 1 << 20

    static func sniff(_ buffer: Buffer) -> Bool { (try? ByteReader(buffer).bytes(at: 0, count: 6)) == magic }

    /// How many bytes the whole header has, from its first twelve, or from a file's that has fewer.
    ///
    /// - Throws: `malformed` problems for what is no header, `unsupported` ones for a version this does not read, `resource` for one too long.
    static func count(_ reader: ByteReader) throws -> (text: Range<Int>, version: UInt8) {
        guard reader.count >= 10, try reader.bytes(at: 0, count: 6) == NPYHeader.magic else {
            throw KerasError(.malformed, "this is not a .npy file", found: try NPYHeader.describe(reader), expected: "\\x93NUMPY")
        }
        let version = try reader.bytes(at: 6, count: 2)
        guard (1...3).contains(version[0]), version[1] == 0 else {
            throw KerasError(
                .unsupported, "the .npy file has an unknown version", found: "\(version[0]).\(version[1])", expected: "1.0, 2.0 or 3.0")
        }
        let start = version[0] == 1 ? 10 : 12
        let count = version[0] == 1 ? try reader.uint16(at: 8) : Int(try reader.uint32(at: 8))
        guard count <= NPYHeader.maximumCount else {
            throw KerasError(
                .resource, "the header of a .npy file is too long", at: Place(offset: 8), found: "\(count) bytes",
                expected: "at most \(NPYHeader.maximumCount)")
        }
        return (start..<start + count, version[0])
    }

    /// - Throws: as ``count(_:)``, and what is wrong with the header's text.
    init(_ reader: ByteReader) throws {
        let (range, version) = try NPYHeader.count(reader)
        dataOffset = range.upperBound
        let bytes = try reader.bytes(at: range.lowerBound, count: range.count)
        // Version 3.0 is in UTF-8, the older ones in Latin-1.
        var parser = PythonLiteralParser(
            version == 3 || bytes.allSatisfy { $0 < 0x80 } ? bytes : bytes.flatMap { Array(Unicode.Scalar($0).utf8) })
        var descr: (PythonLiteral, text: String)?
        var fortran: Bool?
        var dims: [Int]?
        guard case .dictionary(let entries) = try parser.parse() else { throw NPYHeader.wrongKeys("another value") }
        for entry in entries {
            switch (entry.key, entry.value) {
            case ("descr", let value) where descr == nil: descr = (value, entry.text)
            case ("fortran_order", .bool(let value)) where fortran == nil: fortran = value
            case ("shape", .tuple(let values)) where dims == nil: dims = try NPYHeader.lengths(values, entry.text)
            case ("shape", _) where dims == nil:
                throw KerasError(.malformed, "the shape of a .npy file is not a tuple", at: Place(key: "shape"), found: entry.text)
            case (let key, _): throw NPYHeader.wrongKeys("\(key.prefix(60)): \(entry.text)")
            }
        }
        guard let descr, let fortran, let dims else { throw NPYHeader.wrongKeys("\(entries.count) of them") }
        content = try NPYDescription.read(descr.0, text: descr.text)
        isFortran = fortran
        shape = try KerasError.placing(Place(key: "shape")) { try Shape(checking: dims) }
    }

    static var objectsAreNotAllowed: KerasError {
        KerasError(
            .policy, "an array of Python objects is a pickle, which is read only where that is allowed", at: Place(key: "descr"),
            found: "objects", expected: "allowPickle: true, or --allow-pickle")
    }

    /// The elements' form, when they have one.
    ///
    /// - Throws: a `policy` problem for Python objects; `malformed` or `resource` for more elements than `rest` bytes can hold.
    func elements(in rest: Int) throws -> NPYElement {
        guard case .elements(let element) = content else { throw NPYHeader.objectsAreNotAllowed }
        let (byteCount, overflow) = shape.count.multipliedReportingOverflow(by: element.size)
        guard !overflow, byteCount <= rest else {
            throw KerasError(
                .malformed, "the .npy file is shorter than its array", at: Place(offset: dataOffset), found: "\(rest) bytes",
                expected: overflow ? "elements of \(element.size) bytes for \(shape)" : "\(byteCount) for \(shape)")
        }
        guard element.size > 0 || shape.count <= NPYHeader.maximumEmptyElements else {
            throw KerasError(
                .resource, "an array has too many elements for such that have no bytes", at: Place(key: "shape"), found: "\(shape)",
                expected: "at most \(NPYHeader.maximumEmptyElements)")
        }
        return element
    }

    private static func wrongKeys(_ found: String) -> KerasError {
        KerasError(
            .malformed, "the header of a .npy file has not the keys it should", found: found,
            expected: "descr, fortran_order (True or False) and shape, each once")
    }

    /// What a file that is no array is instead, for one who mixed them up.
    private static func describe(_ reader: ByteReader) throws -> String {
        if reader.count < 10 { return "\(reader.count) bytes" }
        if ZipArchive.sniff(reader.buffer) { return "a ZIP archive" }
        let head = try reader.bytes(at: 0, count: 8)
        return head == [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A] ? "an HDF5 file" : "other bytes"
    }

    private static func lengths(_ values: [PythonLiteral], _ text: String) throws -> [Int] {
        guard values.count <= maximumRank else {
            throw KerasError(
                .malformed, "the shape of a .npy file has too many axes", at: Place(key: "shape"), found: "\(values.count)",
                expected: "at most \(maximumRank)")
        }
        return try values.map { value in
            guard case .integer(let length) = value else {
                throw KerasError(
                    .malformed, "the shape of a .npy file holds something else than integers", at: Place(key: "shape"), found: text)
            }
            return length
        }
    }

    static var isNativeBigEndian: Bool { 1.littleEndian != 1 }
}

extension NPYHeader {
    /// The header numpy writes, byte for byte, for elements that follow in row-major or in Fortran's order.
    ///
    /// - Throws: an `unsupported` problem for an element type or more axes than numpy has.
    static func encode(_ dtype: DType, _ shape: Shape, isFortran: Bool) throws -> [UInt8] {
        guard shape.rank <= maximumRank else {
            throw KerasError(.unsupported, "the tensor has too many axes for numpy", found: "\(shape.rank)", expected: "\(maximumRank)")
        }
        var text = "{'descr': \(try NPYDescription.write(dtype)), 'fortran_order': \(isFortran ? "True" : "False"), 'shape': \(shape), }"
        // Room for the axis that grows when something appends to the file: numpy keeps 21 digits.
        if let growing = isFortran ? shape.dims.last : shape.dims.first { text += spaces(21 - String(growing).count) }
        // As numpy: the oldest version that can say it. 2.0 has longer headers, 3.0 letters beyond Latin-1.
        let scalars = text.unicodeScalars
        let isLatin = scalars.allSatisfy { $0.value < 0x100 }
        let encoded = isLatin ? scalars.map { UInt8($0.value) } : Array(text.utf8)
        if isLatin, let file = frame(encoded, version: 1) { return file }
        guard let file = frame(encoded, version: isLatin ? 2 : 3) else {
            throw KerasError(.unsupported, "the element type is too long for a .npy file", found: "\(encoded.count) bytes")
        }
        return file
    }

    /// The text with what stands around it; nil if its length has no place there.
    private static func frame(_ text: [UInt8], version: UInt8) -> [UInt8]? {
        let width = version == 1 ? 2 : 4
        // The whole a multiple of 64; numpy adds a full 64 where nothing would be needed.
        let padding = 64 - (8 + width + text.count + 1) % 64
        let count = text.count + padding + 1
        guard count < 1 << (8 * width) else { return nil }
        let length = (0..<width).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        return magic + [version, 0] + length + text + [UInt8](repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
    }

    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: max(count, 0)) }
}
