internal import Storage
public import Tensors

/// numpy's `.npy` files: one array each.
///
/// Reads versions 1.0 to 3.0 with every element type numpy writes, of either byte order, row-major or Fortran's. `longdouble` becomes `float64`
/// and `clongdouble` `complex128`, rounded to the nearest; everything else keeps its bits. Arrays of Python objects are pickles, which are read
/// only where that is allowed.
public enum NPY {
    /// Reads the array of a file.
    ///
    /// Elements in this machine's byte order are not copied: the tensor is a view of the mapped file, for Fortran's order a transposed one, and
    /// opening it costs neither time nor memory, however long it is. `tensor[rows]` then reads those rows' pages alone.
    ///
    /// - Parameter mapped: false reads the file into memory instead. A mapped file must not be shortened by anyone while the tensor lives: the
    ///   system ends a process that touches what is no longer there (SIGBUS). A file that is replaced by renaming another over it, as
    ///   ``save(_:to:)`` does, stays what it was for those who have it mapped.
    /// - Throws: `noInput` if there is no such file, `malformed` if it is no `.npy` file, `policy` for Python objects, `resource` for sizes beyond
    ///   all bounds, `unsupported` for another version or an unknown element type.
    public static func load(_ path: String, mapped: Bool = true) throws -> Tensor {
        try KerasError.placing(Place(file: path)) { try decode(try mapped ? Files.map(path) : Files.read(path)) }
    }

    /// Reads the array that `buffer` begins with, as ``load(_:mapped:)`` does. What follows it is left alone, as numpy leaves it.
    ///
    /// - Throws: as ``load(_:mapped:)``, but for the file itself.
    public static func decode(_ buffer: Buffer) throws -> Tensor {
        let header = try NPYHeader(ByteReader(buffer))
        let element = try header.elements(in: buffer.count - header.dataOffset)
        guard !element.isPlain else { return header.tensor(element, buffer, byteOffset: header.dataOffset) }
        let elements = try Buffer.uninitialized(count: header.shape.count * element.dtype.size)
        buffer.withUnsafeBytes { source in
            guard let from = source.baseAddress, let to = elements.bytes.baseAddress else { return }
            element.convert(from + header.dataOffset, to, count: header.shape.count)
        }
        return header.tensor(element, elements, byteOffset: 0)
    }

    /// The bytes `numpy.save` writes for this array.
    ///
    /// - Throws: an `unsupported` problem for an element type numpy does not have (bfloat16), `resource` when memory is refused.
    public static func encode(_ tensor: Tensor) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try NPYParts(tensor).forEach { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// Writes the array as `numpy.save` does, over an existing file only once all is on disk.
    ///
    /// - Throws: an `unsupported` problem for an element type numpy does not have (bfloat16), `cannotCreate` or `io` if the file cannot be
    ///   written; what stood at `path` is then as it was.
    public static func save(_ tensor: Tensor, to path: String) throws {
        let parts = try KerasError.placing(Place(file: path)) { try NPYParts(tensor) }
        try AtomicFile.write(path) { sink in try parts.forEach { try sink.write($0) } }
    }
}

extension NPYHeader {
    /// The elements, which are in `buffer` as they are in the file.
    func tensor(_ element: NPYElement, _ buffer: Buffer, byteOffset: Int) -> Tensor {
        let strides = isFortran ? Array(Shape(Array(shape.dims.reversed())).strides.reversed()).map { $0 * element.dtype.size } : nil
        return Tensor(dtype: element.dtype, shape: shape, byteStrides: strides, buffer: buffer, byteOffset: byteOffset)
    }
}

/// An object array as it stands in a file: a pickle of the whole array, behind a header that says little.
package struct NPYPickle {
    package let shape: Shape
    package let isFortran: Bool
    /// From the pickle's first byte to the end of the file or member, which may be further than the pickle's.
    package let bytes: Buffer

    /// The pickle of a `.npy` file or member; nil if that holds plain elements.
    ///
    /// - Throws: as ``NPY/load(_:mapped:)`` for what is no `.npy` file.
    package init?(_ buffer: Buffer) throws {
        let header = try NPYHeader(ByteReader(buffer))
        guard case .objects = header.content else { return nil }
        shape = header.shape
        isFortran = header.isFortran
        bytes = buffer.view(min(header.dataOffset, buffer.count)..<buffer.count)
    }
}

/// The bytes of a `.npy` file, piece by piece: a tensor in neither order is packed a few rows at a time.
struct NPYParts {
    let header: [UInt8]
    private let source: Tensor

    init(_ tensor: Tensor) throws {
        // As numpy: what is row-major is written so, what is column-major too, anything else is copied into row-major order.
        let reversed = tensor.transposed(Array((0..<tensor.rank).reversed()))
        let isFortran = !tensor.isContiguous && reversed.isContiguous
        source = isFortran ? reversed : tensor
        header = try NPYHeader.encode(tensor.dtype, tensor.shape, isFortran: isFortran)
    }

    var count: Int { header.count + source.byteCount }

    func forEach(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try header.withUnsafeBytes(body)
        if source.byteCount > 0 { try NPYParts.forEachPiece(of: source, body) }
    }

    /// The elements in row-major order.
    static func forEachPiece(of tensor: Tensor, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        if tensor.isContiguous { return try tensor.withUnsafeBytes(body) }
        let rows = max(pieceSize / max(tensor.byteCount / tensor.shape[0], 1), 1)
        for start in stride(from: 0, to: tensor.shape[0], by: rows) {
            try tensor[start..<min(start + rows, tensor.shape[0])].contiguous().withUnsafeBytes(body)
        }
    }

    private static let pieceSize = 16 << 20
}
