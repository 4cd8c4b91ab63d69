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
            if let members = DataFile.members(for: names, in: archive.names) { return try members.map(archive.tensor) }
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

    /// The members that are the inputs or outputs of these names; nil if one is missing.
    ///
    /// In Python an input that was given no name has two: before it is saved its tensor's, `keras_tensor_3`, and in the file its layer's,
    /// `input_layer_1`. Both count in the order in which inputs were made.
    private static func members(for names: [String], in found: [String]) -> [String]? {
        func sorted(_ list: [String], _ prefix: String) -> [String] {
            let numbered = list.compactMap { name in
                name == prefix ? (0, name) : name.hasPrefix(prefix + "_") ? Int(name.dropFirst(prefix.count + 1)).map { ($0, name) } : nil
            }
            return numbered.sorted { $0.0 < $1.0 }.map(\.1)
        }
        let missing = names.filter { !found.contains($0) }
        let unnamed = sorted(found, "keras_tensor")
        let layers = sorted(missing, "input_layer")
        guard layers.count == missing.count, missing.isEmpty || unnamed.count == layers.count else { return nil }
        let standIns = Dictionary(zip(layers, unnamed), uniquingKeysWith: { first, _ in first })
        return names.map { standIns[$0] ?? $0 }
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
