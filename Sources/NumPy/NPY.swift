internal import Storage
public import Tensors

/// numpy's `.npy` files: one array each.
///
/// Reads versions 1.0 to 3.0 with truth values, integers, floats, complex numbers and strings, of either byte order, row-major or Fortran's.
public enum NPY {
    /// Reads the array of a file.
    ///
    /// Elements in this machine's byte order are not copied: the tensor is a view of the mapped file, for Fortran's order a transposed one. The
    /// file must not be truncated while the tensor lives.
    ///
    /// - Throws: `noInput` if there is no such file, `malformed` if it is no `.npy` file, `unsupported` for other element types (structures,
    ///   Python objects, dates), `resource` for sizes beyond all bounds.
    public static func load(_ path: String) throws -> Tensor {
        try KerasError.placing(Place(file: path)) { try decode(try Files.map(path)) }
    }

    /// Reads the array that `buffer` begins with, as ``load(_:)`` does. What follows it is left alone, as numpy leaves it.
    ///
    /// - Throws: as ``load(_:)``, but for the file itself.
    public static func decode(_ buffer: Buffer) throws -> Tensor {
        let header = try NPYHeader(ByteReader(buffer))
        let rest = buffer.count - header.dataOffset
        let (byteCount, overflow) = header.shape.count.multipliedReportingOverflow(by: header.dtype.size)
        guard !overflow, byteCount <= rest else {
            throw KerasError(
                .malformed, "the .npy file is shorter than its array", at: Place(offset: header.dataOffset), found: "\(rest) bytes",
                expected: overflow ? "elements of \(header.dtype.size) bytes for \(header.shape)" : "\(byteCount) for \(header.shape)")
        }
        var source = buffer
        var offset = header.dataOffset
        if header.isBigEndian != NPYHeader.isNativeBigEndian && header.dtype.swapUnit > 1 {
            source = try buffer.view(offset..<offset + byteCount).byteSwapped(unit: header.dtype.swapUnit)
            offset = 0
        } else if header.dtype == .bool {
            source = try buffer.view(offset..<offset + byteCount).normalizedBools()
            offset = 0
        }
        let strides = header.isFortran ? Array(Shape(Array(header.shape.dims.reversed())).strides.reversed()) : nil
        return Tensor(dtype: header.dtype, shape: header.shape, strides: strides, buffer: source, byteOffset: offset)
    }

    /// The bytes `numpy.save` writes for this array.
    ///
    /// - Throws: an `unsupported` problem for an element type numpy does not have (bfloat16), `resource` when memory is refused.
    public static func encode(_ tensor: Tensor) throws -> [UInt8] {
        try parts(of: tensor).reduce(into: []) { bytes, part in part.withUnsafeBytes { bytes.append(contentsOf: $0) } }
    }

    /// Writes the array as `numpy.save` does, over an existing file only once all is on disk.
    ///
    /// - Throws: an `unsupported` problem for an element type numpy does not have (bfloat16), `cannotCreate` or `io` if the file cannot be
    ///   written; what stood at `path` is then as it was.
    public static func save(_ tensor: Tensor, to path: String) throws {
        let pieces = try KerasError.placing(Place(file: path)) { try parts(of: tensor) }
        try AtomicFile.write(path) { sink in for piece in pieces { try sink.write(piece) } }
    }

    /// Header and elements.
    static func parts(of tensor: Tensor) throws -> [Buffer] {
        // As numpy: what is row-major is written so, what is column-major too, anything else is copied into row-major order.
        let reversed = tensor.transposed(Array((0..<tensor.rank).reversed()))
        let isFortran = !tensor.isContiguous && reversed.isContiguous
        let source = isFortran ? reversed : try tensor.contiguous()
        let elements = source.buffer.view(source.byteOffset..<source.byteOffset + source.byteCount)
        return [try Buffer.copy(of: try header(tensor.dtype, tensor.shape, isFortran: isFortran)), elements]
    }

    private static func header(_ dtype: DType, _ shape: Shape, isFortran: Bool) throws -> [UInt8] {
        let descr = try NPYHeader.descr(dtype)
        var text = "{'descr': '\(descr)', 'fortran_order': \(isFortran ? "True" : "False"), 'shape': \(shape), }"
        // Room for the axis that grows when something appends to the file: numpy keeps 21 digits.
        if let growing = isFortran ? shape.dims.last : shape.dims.first { text += spaces(21 - String(growing).count) }
        // 10 bytes before it, and the whole a multiple of 64; numpy adds a full 64 where nothing would be needed.
        text += spaces(64 - (10 + text.utf8.count + 1) % 64) + "\n"
        // Some 3,000 axes would be too long for version 1.0; a tensor of that many cannot be read back either.
        guard text.utf8.count <= 0xFFFF, shape.rank <= NPYHeader.maximumRank else {
            throw KerasError(.unsupported, "the tensor has too many axes for numpy", found: "\(shape.rank)", expected: "64")
        }
        return NPYHeader.magic + [1, 0, UInt8(text.utf8.count & 0xFF), UInt8(text.utf8.count >> 8)] + text.utf8
    }

    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: max(count, 0)) }
}
