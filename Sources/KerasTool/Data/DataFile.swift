import Keras
import Storage

/// Arrays given to the command: a `.npy`, a `.npz`, or one member of a `.npz` as `FILE.npz:member`. Told apart by content.
struct DataFile {
    enum Content {
        case array(Tensor)
        case archive(NPZ)
    }

    let path: String
    let content: Content

    /// - Throws: `noInput`, or what is wrong with the file.
    init(_ argument: String) throws {
        let (path, member) = DataFile.split(argument)
        self.path = path
        let buffer = try KerasError.placing(Place(file: path)) { try Files.map(path) }
        if buffer.count == 0 { throw KerasError(.malformed, "the file is empty", at: Place(file: path), expected: "a .npy or .npz") }
        guard ZipArchive.sniff(buffer) else {
            if let member {
                throw KerasError(
                    .mismatch, "this is no .npz with members", at: Place(file: path), expected: "an archive with the array '\(member)'")
            }
            content = .array(try KerasError.placing(Place(file: path)) { try NPY.decode(buffer) })
            return
        }
        let archive = try NPZ(buffer, name: path)
        content = if let member { .array(try archive.tensor(named: member)) } else { .archive(archive) }
    }

    /// A colon belongs to the file's name unless an archive's ending stands before it.
    private static func split(_ argument: String) -> (path: String, member: String?) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count > 1, parts.dropLast().last?.hasSuffix(".npz") == true, let member = parts.last, !member.isEmpty else {
            return (argument, nil)
        }
        return (parts.dropLast().joined(separator: ":"), String(member))
    }

    /// One array for each of the model's inputs, or its outputs, of these names: by name, or by position when the archive names them
    /// `arr_0`, `arr_1`, … as `numpy.savez` does.
    ///
    /// - Throws: a `mismatch` problem that says what the archive has and what is wanted.
    func arrays(for names: [String], what: String) throws -> [Tensor] {
        switch content {
        case .array(let tensor):
            guard names.count == 1 else {
                throw KerasError(
                    .mismatch, "one array is given for a model with \(names.count) \(what)s", at: Place(file: path),
                    found: "\(tensor.shape)",
                    expected: "a .npz with the members \(DataFile.list(names))")
            }
            return [tensor]
        case .archive(let archive):
            if names.allSatisfy(archive.contains) { return try names.map(archive.tensor) }
            if names.count == 1, let only = archive.names.first, archive.count == 1 { return [try archive.tensor(named: only)] }
            let positions = names.indices.map { "arr_\($0)" }
            if archive.count == names.count, positions.allSatisfy(archive.contains) { return try positions.map(archive.tensor) }
            let hint = names.count == 1 ? ", one array alone, or a name after a colon: \(path):NAME" : ", or \(DataFile.list(positions))"
            throw KerasError(
                .mismatch, "the archive's arrays do not tell which is \(names.count == 1 ? "the \(what)" : "which \(what)")",
                at: Place(file: path),
                found: DataFile.list(archive.names), expected: DataFile.list(names) + hint)
        }
    }

    /// The members of these names.
    ///
    /// - Throws: a `mismatch` problem that lists what there is.
    func members(_ names: [String]) throws -> [Tensor] {
        guard case .archive(let archive) = content else {
            throw KerasError(.mismatch, "this is one array", at: Place(file: path), expected: "a .npz with \(DataFile.list(names))")
        }
        return try names.map(archive.tensor)
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.prefix(12).map { "'\($0)'" }.joined(separator: ", ") + (names.count > 12 ? ", …" : "")
    }
}
