internal import Storage
public import Tensors

/// Yann LeCun's IDX files, in which MNIST and its relatives came: `train-images-idx3-ubyte`, and the same compressed, `….gz`.
///
/// Two zeros, the element type, the number of axes; a length for each axis, then the elements, all big-endian.
public enum IDX {
    /// Reads the array of a file, which may be compressed with gzip whatever its name. Bytes are a view of the mapped file, which must not be
    /// truncated while the tensor lives; longer elements are copied into this machine's byte order.
    ///
    /// - Throws: `noInput` if there is no such file, `malformed` if it is no IDX file, `unsupported` for an unknown element type, `resource` for
    ///   sizes beyond the limits.
    public static func load(_ path: String, mapped: Bool = true) throws -> Tensor {
        try KerasError.placing(Place(file: path)) { try decode(mapped ? Files.map(path) : Files.read(path)) }
    }

    /// Reads the array in `buffer`, as ``load(_:mapped:)`` does.
    ///
    /// - Throws: as ``load(_:mapped:)``, but for the file itself.
    public static func decode(_ buffer: Buffer) throws -> Tensor {
        let buffer = Gzip.sniff(buffer) ? try Gzip.inflate(buffer) : buffer
        let reader = ByteReader(buffer)
        guard reader.count >= 4, case let magic = try reader.bytes(at: 0, count: 4), magic[0] == 0, magic[1] == 0 else {
            throw KerasError(.malformed, "this is not an IDX file", expected: "two bytes 0, an element type and the number of axes")
        }
        guard let dtype = types.first(where: { $0.code == magic[2] })?.dtype else {
            throw KerasError(
                .unsupported, "the IDX file has an unknown element type", at: Place(offset: 2), found: "0x" + String(magic[2], radix: 16),
                expected: types.map { "0x" + String($0.code, radix: 16) }.joined(separator: ", "))
        }
        let rank = Int(magic[3])
        guard rank <= NPYHeader.maximumRank else {
            throw KerasError(
                .malformed, "the IDX file has too many axes", at: Place(offset: 3), found: "\(rank)",
                expected: "at most \(NPYHeader.maximumRank)")
        }
        let shape = try Shape(checking: try (0..<rank).map { Int(try reader.uint32(at: 4 + 4 * $0).byteSwapped) })
        let start = 4 + 4 * rank
        let (byteCount, overflow) = shape.count.multipliedReportingOverflow(by: dtype.size)
        guard !overflow, byteCount == buffer.count - start else {
            throw KerasError(
                .malformed, "the IDX file has another size than its shape", at: Place(offset: start),
                found: "\(buffer.count - start) bytes",
                expected: overflow ? "elements of \(dtype.size) bytes for \(shape)" : "\(byteCount) for \(shape)")
        }
        let element = NPYElement(dtype, isSwapped: !NPYHeader.isNativeBigEndian)
        guard !element.isPlain else { return Tensor(dtype: dtype, shape: shape, buffer: buffer, byteOffset: start) }
        let elements = try Buffer.uninitialized(count: byteCount)
        buffer.withUnsafeBytes { source in
            if let from = source.baseAddress, let to = elements.bytes.baseAddress { element.convert(from + start, to, count: shape.count) }
        }
        return Tensor(dtype: dtype, shape: shape, buffer: elements)
    }

    /// Writes the array over an existing file only once all is on disk; compressed if `path` ends in `.gz`.
    ///
    /// - Throws: an `unsupported` problem for an element type or a shape IDX has no room for, `cannotCreate` or `io` if the file cannot be
    ///   written; what stood at `path` is then as it was.
    public static func save(_ tensor: Tensor, to path: String) throws {
        let header = try KerasError.placing(Place(file: path)) { try IDX.header(tensor.dtype, tensor.shape) }
        try AtomicFile.write(path) { sink in
            if path.hasSuffix(".gz") {
                let gzip = try GzipWriter(sink)
                try header.withUnsafeBytes { try gzip.write($0) }
                try forEachPiece(of: tensor) { try gzip.write($0) }
                try gzip.finish()
            } else {
                try sink.write(header)
                try forEachPiece(of: tensor) { try sink.write($0) }
            }
        }
    }

    /// The bytes of an uncompressed file.
    ///
    /// - Throws: an `unsupported` problem for an element type or a shape IDX has no room for.
    public static func encode(_ tensor: Tensor) throws -> [UInt8] {
        var bytes = try header(tensor.dtype, tensor.shape)
        try forEachPiece(of: tensor) { bytes += $0 }
        return bytes
    }

    /// The checksum of the array's uncompressed file, by which data sets are known in whatever file they come.
    ///
    /// - Throws: as ``encode(_:)``.
    package static func md5(of tensor: Tensor) throws -> String {
        var sum = MD5()
        sum.update(try header(tensor.dtype, tensor.shape))
        try forEachPiece(of: tensor) { sum.update($0) }
        return sum.digest()
    }

    /// True for bytes that are a whole uncompressed IDX file: its beginning alone could be anything's.
    package static func sniff(_ buffer: Buffer) -> Bool {
        guard buffer.count >= 4, buffer.bytes[0] == 0, buffer.bytes[1] == 0 else { return false }
        return (try? decode(buffer)) != nil
    }

    private static let types: [(code: UInt8, dtype: DType)] = [
        (0x08, .uint8), (0x09, .int8), (0x0B, .int16), (0x0C, .int32), (0x0D, .float32), (0x0E, .float64),
    ]

    private static func header(_ dtype: DType, _ shape: Shape) throws -> [UInt8] {
        guard let code = types.first(where: { $0.dtype == dtype })?.code else {
            throw KerasError(
                .unsupported, "an IDX file has no such element type", found: "\(dtype)",
                expected: types.map(\.dtype.description).joined(separator: ", "))
        }
        guard shape.rank <= NPYHeader.maximumRank, shape.dims.allSatisfy({ UInt32(exactly: $0) != nil }) else {
            throw KerasError(.unsupported, "an IDX file has no room for such a shape", found: "\(shape)", expected: "lengths below 2^32")
        }
        return [0, 0, code, UInt8(shape.rank)]
            + shape.dims.flatMap { length in (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } }
    }

    /// The elements' bytes in the file's order.
    private static func forEachPiece(of tensor: Tensor, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let element = NPYElement(tensor.dtype, isSwapped: !NPYHeader.isNativeBigEndian)
        guard tensor.byteCount > 0 else { return }
        try NPYParts.forEachPiece(of: tensor) { piece in
            guard !element.isPlain else { return try body(piece) }
            // Some megabytes at a time: a contiguous tensor comes in one piece.
            for start in stride(from: 0, to: piece.count, by: 1 << 22) {
                let part = UnsafeRawBufferPointer(rebasing: piece[start..<min(start + 1 << 22, piece.count)])
                let swapped = try Buffer.uninitialized(count: part.count)
                element.convert(part.baseAddress!, swapped.bytes.baseAddress!, count: part.count / element.size)
                try swapped.withUnsafeBytes(body)
            }
        }
    }
}
