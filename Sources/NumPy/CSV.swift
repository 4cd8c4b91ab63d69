internal import Storage
public import Tensors

/// Tables of numbers as text, as numpy's `loadtxt` and `savetxt` have them with `delimiter=','`: a row per line, `#` before what is no data, empty
/// lines left out. There are no quotes, no missing numbers, and titles only where they are said to be.
public enum CSV {
    /// Reads a table: rows × columns, with one column as `(n, 1)`. (`numpy.loadtxt(path, delimiter=",", ndmin=2)`)
    ///
    /// - Parameters:
    ///   - skipRows: lines to leave out at the beginning, such as titles.
    ///   - dtype: what the numbers become. Integers are read as integers, digit by digit; a fraction is not one.
    /// - Throws: `noInput` if there is no such file, `malformed` for a field that is no such number and for rows of different lengths, `unsupported`
    ///   for elements that are no real numbers.
    public static func load(_ path: String, delimiter: Character = ",", skipRows: Int = 0, dtype: DType = .float64) throws -> Tensor {
        try KerasError.placing(Place(file: path)) {
            try decode(try Files.map(path), delimiter: delimiter, skipRows: skipRows, dtype: dtype)
        }
    }

    /// Reads the table in `buffer`, as ``load(_:delimiter:skipRows:dtype:)`` does.
    ///
    /// - Throws: as ``load(_:delimiter:skipRows:dtype:)``, but for the file itself.
    public static func decode(_ buffer: Buffer, delimiter: Character = ",", skipRows: Int = 0, dtype: DType = .float64) throws -> Tensor {
        guard let byte = delimiter.asciiValue, !".+-#\n\r".utf8.contains(byte), !isDigitOrLetter(byte) else {
            throw KerasError(.usage, "this cannot stand between numbers", found: "'\(delimiter)'", expected: "a comma, for example")
        }
        func read<T: TensorScalar>(_: T.Type) throws -> Tensor {
            try buffer.withUnsafeBytes { bytes in
                var reader = CSVReader<T>(bytes, delimiter: byte, skipRows: skipRows)
                return try reader.read()
            }
        }
        guard let type = dtype.scalarType else {
            throw KerasError(.unsupported, "a table of numbers has no such elements", found: "\(dtype)", expected: "float64, for example")
        }
        return try read(type)
    }

    /// Writes a vector as one column, a matrix row by row, over an existing file only once all is on disk. Each number is as short as it can be to
    /// be read as the same one again.
    ///
    /// - Parameter header: a line of titles, written as it is.
    /// - Throws: a `mismatch` problem for more axes, `unsupported` for elements that are no real numbers, `cannotCreate` or `io` if the file cannot
    ///   be written; what stood at `path` is then as it was.
    public static func save(_ tensor: Tensor, to path: String, delimiter: Character = ",", header: String? = nil) throws {
        let writer = try KerasError.placing(Place(file: path)) { try CSVWriter(tensor, delimiter: delimiter, header: header) }
        try AtomicFile.write(path) { sink in try writer.forEachPiece { try sink.write($0) } }
    }

    /// The text that ``save(_:to:delimiter:header:)`` writes.
    ///
    /// - Throws: as ``save(_:to:delimiter:header:)``, but for the file itself.
    public static func encode(_ tensor: Tensor, delimiter: Character = ",", header: String? = nil) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try CSVWriter(tensor, delimiter: delimiter, header: header).forEachPiece { bytes += $0 }
        return bytes
    }

    private static func isDigitOrLetter(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || byte >= 0x80
    }
}

/// The rows of a table as text, some thousands at a time.
private struct CSVWriter {
    let tensor: Tensor
    let delimiter: String
    let header: String?

    init(_ tensor: Tensor, delimiter: Character, header: String?) throws {
        guard (1...2).contains(tensor.rank) else {
            throw KerasError(.mismatch, "a table has rows and columns", found: "\(tensor.shape)", expected: "one axis or two")
        }
        guard tensor.dtype.scalarType != nil else {
            throw KerasError(.unsupported, "a table of numbers has no such elements", found: "\(tensor.dtype)", expected: "real numbers")
        }
        self.tensor = tensor
        self.delimiter = String(delimiter)
        self.header = header
    }

    func forEachPiece(_ body: ([UInt8]) throws -> Void) throws {
        if let header { try body(Array((header + "\n").utf8)) }
        let (rows, columns) = (tensor.shape[0], tensor.rank == 2 ? tensor.shape[1] : 1)
        // numpy writes a row without columns as an empty line, which nobody can read back.
        guard columns > 0, let type = tensor.dtype.scalarType else { return }
        let step = max(1 << 16 / columns, 1)
        for start in stride(from: 0, to: rows, by: step) {
            try body(Array(try text(tensor[start..<min(start + step, rows)], columns, type).utf8))
        }
    }

    private func text<T: TensorScalar>(_ rows: Tensor, _ columns: Int, _: T.Type) throws -> String {
        var text = ""
        var column = 0
        for value in try rows.scalars(as: T.self) {
            text += CSVWriter.text(value)
            column += 1
            if column == columns {
                text += "\n"
                column = 0
            } else {
                text += delimiter
            }
        }
        return text
    }

    private static func text<T: TensorScalar>(_ value: T) -> String {
        switch value {
        case let value as Float: value.description
        case let value as Float16: Float(value).description
        case let value as BFloat16: value.float.description
        case let value as UInt64: value.description
        default: T.isInteger ? value.wide.description : value.double.description
        }
    }
}
