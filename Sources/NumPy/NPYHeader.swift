internal import Storage
internal import Tensors

/// What stands before the elements of a `.npy` file.
struct NPYHeader {
    let dtype: DType
    let isBigEndian: Bool
    let isFortran: Bool
    let shape: Shape
    /// Where the elements begin.
    let dataOffset: Int

    /// The six bytes a `.npy` file begins with.
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// The longest header that is read. numpy's own limit is 10,000 unless told otherwise; its longest legitimate ones describe structures.
    static let maximumCount = 1 << 20
    /// numpy's own limit.
    static let maximumRank = 64

    /// - Throws: `malformed` problems for what is no header, `unsupported` ones for an element type or version this does not read, `resource`
    ///   ones for sizes beyond all bounds.
    init(_ reader: ByteReader) throws {
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
        dataOffset = start + count
        var descr: (PythonLiteral, text: String)?
        var fortran: Bool?
        var dims: [Int]?
        var parser = PythonLiteralParser(try reader.bytes(at: start, count: count))
        guard case .dictionary(let entries) = try parser.parse() else { throw NPYHeader.wrongKeys("another value") }
        for entry in entries {
            switch (String(decoding: entry.key, as: UTF8.self), entry.value) {
            case ("descr", let value) where descr == nil: descr = (value, entry.text)
            case ("fortran_order", .bool(let value)) where fortran == nil: fortran = value
            case ("shape", .tuple(let values)) where dims == nil: dims = try NPYHeader.lengths(values, entry.text)
            case ("shape", _) where dims == nil:
                throw KerasError(.malformed, "the shape of a .npy file is not a tuple", at: Place(key: "shape"), found: entry.text)
            case (let key, _): throw NPYHeader.wrongKeys("\(key.prefix(60)): \(entry.text)")
            }
        }
        guard let descr, let fortran, let dims else { throw NPYHeader.wrongKeys("\(entries.count) of them") }
        (dtype, isBigEndian) = try NPYHeader.elementType(descr.0, descr.text)
        isFortran = fortran
        shape = try KerasError.placing(Place(key: "shape")) { try Shape(checking: dims) }
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

    /// The element type a `descr` such as `<f4` names.
    private static func elementType(_ descr: PythonLiteral, _ text: String) throws -> (DType, isBigEndian: Bool) {
        func unsupported(_ sentence: String) -> KerasError {
            KerasError(.unsupported, sentence, at: Place(key: "descr"), found: text, expected: "numbers, truth values or strings")
        }
        guard case .string(var code) = descr else { throw unsupported("a .npy file of structures is not supported") }
        var isBigEndian = false
        if let order = code.first, "<>=|".utf8.contains(order) {
            isBigEndian = order == UInt8(ascii: ">")
            code.removeFirst()
        }
        let name = String(decoding: code, as: UTF8.self)
        if let dtype = plain[name] { return (dtype, isBigEndian) }
        switch code.first {
        case UInt8(ascii: "S"), UInt8(ascii: "U"):
            // A longer string than 2^31 characters numpy cannot hold either.
            guard let width = Int(name.dropFirst()), (1...Int(Int32.max)).contains(width) else {
                throw unsupported("a .npy file has strings of no length")
            }
            return (code.first == UInt8(ascii: "S") ? .bytes(width) : .unicode(width), isBigEndian)
        case UInt8(ascii: "O"): throw unsupported("a .npy file of Python objects is not supported")
        default: throw unsupported("a .npy file has elements of a type that is not supported")
        }
    }

    private static let plain: [String: DType] = [
        "b1": .bool, "?": .bool, "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32,
        "u8": .uint64, "f2": .float16, "f4": .float32, "f8": .float64, "c8": .complex64, "c16": .complex128,
    ]

    /// The `descr` numpy writes for this element type on this machine.
    ///
    /// - Throws: an `unsupported` problem for what numpy has no type for.
    static func descr(_ dtype: DType) throws -> String {
        let order = isNativeBigEndian ? ">" : "<"
        switch dtype {
        case .bytes(let width): return "|S\(width)"
        case .unicode(let width): return "\(order)U\(width)"
        default:
            guard let name = plain.first(where: { $0.value == dtype && $0.key != "?" })?.key else {
                throw KerasError(.unsupported, "numpy has no such element type", found: "\(dtype)", expected: "float32, for example")
            }
            return (dtype.size == 1 ? "|" : order) + name
        }
    }

    static var isNativeBigEndian: Bool { 1.littleEndian != 1 }
}
