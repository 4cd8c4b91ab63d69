internal import Storage
public import Tensors

/// What a file of numpy's holds, told by its content as `numpy.load` does: one array (`.npy`) or an archive of them (`.npz`).
public enum NumPyFile: Sendable {
    case array(Tensor)
    case archive(NPZ)

    /// Opens a file, whatever its name.
    ///
    /// - Parameter mapped: see ``NPY/load(_:mapped:)``.
    /// - Throws: `noInput` if there is no such file, `malformed` if it is neither; else as ``NPY/load(_:mapped:)`` and ``NPZ/init(path:mapped:)``.
    public static func load(_ path: String, mapped: Bool = true) throws -> NumPyFile {
        try decode(mapped ? Files.map(path) : Files.read(path), name: path)
    }

    /// The same of bytes in memory, which errors call `name`.
    ///
    /// - Throws: as ``load(_:mapped:)``, but for the file itself.
    public static func decode(_ buffer: Buffer, name: String) throws -> NumPyFile {
        if ZipArchive.sniff(buffer) { return .archive(try NPZ(buffer, name: name)) }
        return .array(try KerasError.placing(Place(file: name)) { try NPY.decode(buffer) })
    }
}
