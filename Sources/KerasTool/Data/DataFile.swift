import Keras
import KerasFormat
import Storage

/// Arrays given to the command, told apart by content: a `.npy` or an IDX file, a `.npz`, the data sets of an HDF5 file, a Python pickle where
/// that is allowed; a `.csv` by its name. `FILE.npz:member` is one of several.
struct DataFile {
    enum Content {
        case array(Tensor)
        case archive(Members)
    }

    /// Arrays by name, each read when it is asked for.
    struct Members {
        /// In the file's order.
        let names: [String]
        let tensor: (String) throws -> Tensor

        var count: Int { names.count }
        func contains(_ name: String) -> Bool { names.contains(name) }

        /// - Throws: a `mismatch` problem that lists the names if there is no such array.
        func tensor(named name: String, in file: String) throws -> Tensor {
            guard contains(name) else {
                throw KerasError(
                    .mismatch, "there is no array of this name", at: Place(file: file), found: "'\(name)'",
                    expected: "one of \(DataFile.list(names))")
            }
            return try KerasError.placing(Place(file: file, object: name)) { try tensor(name) }
        }
    }

    let path: String
    let content: Content

    /// - Parameter options: whether pickles are read, and how tables are.
    /// - Throws: `noInput`, or what is wrong with the file.
    init(_ argument: String, _ options: DataOptions = DataOptions()) throws {
        let (path, member) = DataFile.split(argument)
        self.path = path
        let whole = try KerasError.placing(Place(file: path)) { try DataFile.read(path, options) }
        guard let member else {
            content = whole
            return
        }
        guard case .archive(let members) = whole else {
            throw KerasError(
                .mismatch, "this is one array, without members", at: Place(file: path), expected: "an archive with the array '\(member)'")
        }
        content = .array(try members.tensor(named: member, in: path))
    }

    private static func read(_ path: String, _ options: DataOptions) throws -> Content {
        let buffer = try Files.map(path)
        if buffer.count == 0 { throw KerasError(.malformed, "the file is empty", expected: "arrays, such as a .npy or .npz") }
        if path.hasSuffix(".csv") { return .array(try options.table(buffer)) }
        if path.hasSuffix(".txt") { return .array(try texts(buffer)) }
        if ZipArchive.sniff(buffer) {
            let archive = try NPZ(buffer, name: path)
            return .archive(
                Members(names: archive.names) { name in
                    guard options.allowPickle, let pickle = try archive.pickle(named: name) else { return try archive.tensor(named: name) }
                    return try PickleValue.objects(try pickle.array(isAllowed: true)).tensor()
                })
        }
        if case .hdf5 = FileKind(buffer) {
            let file = try ArrayFile(buffer, name: path)
            return .archive(Members(names: file.names) { name in try file.tensor(name) ?? Tensor([Int]()) })
        }
        if Gzip.sniff(buffer) || IDX.sniff(buffer) { return .array(try IDX.decode(buffer)) }
        if isPickle(buffer, path) {
            guard options.allowPickle else { throw pickleIsNotAllowed }
            return try contents(of: try Pickle.decode(buffer))
        }
        guard options.allowPickle, let pickle = try NPYPickle(buffer) else { return .array(try NPY.decode(buffer)) }
        return try contents(of: .objects(try pickle.array(isAllowed: true)))
    }

    /// A text for each line, `(n)`.
    private static func texts(_ buffer: Buffer) throws -> Tensor {
        let text = buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return try Tensor(lines)
    }

    /// The two oldest protocols begin like any text: there the name has to say it.
    static func isPickle(_ buffer: Buffer, _ path: String) -> Bool {
        Pickle.sniff(buffer) || path.hasSuffix(".pkl") || path.hasSuffix(".pickle")
    }

    static var pickleIsNotAllowed: KerasError {
        KerasError(.policy, "the file is a Python pickle, which is read only where that is allowed", expected: "--allow-pickle")
    }

    /// A dictionary's arrays by their keys; those of a list or an array of objects as `numpy.savez` would name them.
    private static func contents(of value: PickleValue) throws -> Content {
        // A list of numbers is one array, a list of arrays several.
        if let tensor = try? value.tensor() { return .array(tensor) }
        guard let values = members(of: value) else { return .array(try value.tensor()) }
        let table = Dictionary(values.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        return .archive(Members(names: values.map(\.name)) { name in try table[name]?.tensor() ?? Tensor([Int]()) })
    }

    /// What a collection of Python's holds, by the names its members go by here; nil for a single value.
    static func members(of value: PickleValue) -> [(name: String, value: PickleValue)]? {
        switch value {
        case .dict(let entries): entries.compactMap { entry in entry.key.text.map { ($0, entry.value) } }
        case .objects(let array): array.elements.enumerated().map { ("arr_\($0)", $1) }
        case .list(let items), .tuple(let items): items.enumerated().map { ("arr_\($0)", $1) }
        default: nil
        }
    }

    /// A colon belongs to the file's name unless an archive's ending stands before it, or a file of that name.
    private static func split(_ argument: String) -> (path: String, member: String?) {
        guard let colon = argument.lastIndex(of: ":"), !Environment.exists(argument) else { return (argument, nil) }
        let (path, member) = (String(argument[..<colon]), String(argument[argument.index(after: colon)...]))
        guard !member.isEmpty, path.hasSuffix(".npz") || Environment.exists(path) else { return (argument, nil) }
        return (path, member)
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
            func read(_ names: [String]) throws -> [Tensor] { try names.map { try archive.tensor(named: $0, in: path) } }
            if let members = DataFile.members(for: names, in: archive.names) { return try read(members) }
            if names.count == 1, let only = archive.names.first, archive.count == 1 { return try read([only]) }
            let positions = names.indices.map { "arr_\($0)" }
            if archive.count == names.count, positions.allSatisfy(archive.contains) { return try read(positions) }
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

    /// True if an argument names a file, or a member of one.
    static func exists(_ argument: String) -> Bool { Environment.exists(split(argument).path) }

    static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.prefix(12).map { "'\($0)'" }.joined(separator: ", ") + (names.count > 12 ? ", …" : "")
    }
}
