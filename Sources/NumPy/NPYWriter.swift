internal import Storage
public import Tensors

/// Writes a `.npy` file batch by batch along its first axis, for arrays that are larger than memory or come little by little.
///
///     let writer = try NPYWriter("features.npy", dtype: .float32, rowShape: [512])
///     for batch in batches { try writer.append(try model.predict(batch)) }     // (n, 512)
///     try writer.finish()
///
/// The file is what `numpy.save` writes of all batches together. It is put in place by ``finish()``: until then, and if that never comes, what
/// stood there before stays.
public final class NPYWriter {
    public let dtype: DType
    /// The shape of one row: all axes but the first.
    public let rowShape: Shape
    /// Rows written so far.
    public private(set) var count = 0
    private let path: String
    /// Nil once it is finished or has failed.
    private var file: AtomicFile?

    /// Begins a file.
    ///
    /// - Throws: `unsupported` for an element type numpy does not have, `cannotCreate` if `path` is no place for a file, `io` if it cannot be
    ///   written.
    public init(_ path: String, dtype: DType, rowShape: Shape) throws {
        self.dtype = dtype
        self.rowShape = rowShape
        self.path = path
        let header = try KerasError.placing(Place(file: path)) { try NPYWriter.header(dtype, rows: 0, rowShape) }
        let file = try AtomicFile(path)
        try KerasError.placing(Place(file: path)) { try file.sink.write(header) }
        self.file = file
    }

    /// Adds rows: `(n) + rowShape`.
    ///
    /// - Throws: a `mismatch` problem for rows of another shape or type, which changes nothing; `io` if they cannot be written, after which the
    ///   file is given up.
    public func append(_ rows: Tensor) throws {
        try KerasError.placing(Place(file: path)) {
            guard let file else { throw isOver }
            guard rows.dtype == dtype, rows.rank > 0, Array(rows.shape.dims.dropFirst()) == rowShape.dims else {
                throw KerasError(
                    .mismatch, "rows of another kind are added to a .npy file", found: "\(rows.dtype) \(rows.shape)",
                    expected: "\(dtype) \(Shape([1] + rowShape.dims)) for each")
            }
            self.file = nil
            if rows.byteCount > 0 { try NPYParts.forEachPiece(of: rows) { try file.sink.write($0) } }
            count += rows.shape[0]
            self.file = file
        }
    }

    /// Says in the header how many rows there are, and puts the file in place.
    ///
    /// - Throws: `io` if that fails; what stood at the path is then as it was.
    public func finish() throws {
        try KerasError.placing(Place(file: path)) {
            guard let file else { throw isOver }
            self.file = nil
            // As long as the first one: numpy leaves room for the digits.
            try file.sink.rewrite(try NPYWriter.header(dtype, rows: count, rowShape), at: 0)
            try file.commit()
        }
    }

    private var isOver: KerasError { KerasError(.io, "nothing can be added to a .npy file that is finished or has failed") }

    private static func header(_ dtype: DType, rows: Int, _ rowShape: Shape) throws -> [UInt8] {
        try NPYHeader.encode(dtype, Shape(checking: [rows] + rowShape.dims), isFortran: false)
    }
}
