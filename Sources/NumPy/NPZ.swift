internal import Storage
public import Tensors

/// numpy's `.npz` files: arrays with names, in a ZIP archive.
///
/// Opening one reads its directory; an array is read when it is asked for. One that is stored uncompressed stays in the mapped file.
public struct NPZ: Sendable {
    private let archive: ZipArchive
    private let members: [String: Int]
    /// The names of the arrays, in the archive's order; without the ending `.npy`.
    public let names: [String]

    /// Opens an archive.
    ///
    /// - Throws: `noInput` if there is no such file, `malformed` if it is no sound ZIP archive, `unsupported` or `resource` for one beyond what
    ///   is read.
    public init(path: String) throws { try self.init(Files.map(path), name: path) }

    /// Opens an archive in memory, whose errors call it `name`.
    ///
    /// - Throws: as ``init(path:)``, but for the file itself.
    public init(_ buffer: Buffer, name: String) throws {
        if try buffer.count >= 6 && ByteReader(buffer).bytes(at: 0, count: 6) == NPYHeader.magic {
            throw KerasError(.malformed, "this is one array, not an archive of them", at: Place(file: name), found: "a .npy file")
        }
        archive = try ZipArchive(buffer, name: name)
        var members: [String: Int] = [:]
        var names: [String] = []
        for (position, member) in archive.members.enumerated() where !member.isDirectory {
            let name = member.name.hasSuffix(".npy") ? String(member.name.dropLast(4)) : member.name
            guard members.updateValue(position, forKey: name) == nil else {
                throw KerasError(.malformed, "an archive holds two arrays of one name", at: Place(file: archive.name, object: name))
            }
            names.append(name)
        }
        self.members = members
        self.names = names
    }

    public var count: Int { names.count }

    public func contains(_ name: String) -> Bool { members[name] != nil }

    /// The array of this name.
    ///
    /// - Throws: a `mismatch` problem if there is none, else as ``NPY/decode(_:)``, with `malformed` for damaged and `resource` for suspiciously
    ///   compressed data.
    public func tensor(named name: String) throws -> Tensor {
        guard let position = members[name] else {
            throw KerasError(
                .mismatch, "there is no array of this name", at: Place(file: archive.name), found: "'\(name)'",
                expected: "one of \(NPZ.list(names))")
        }
        let member = archive.members[position]
        return try KerasError.placing(Place(file: archive.name, object: member.name)) { try NPY.decode(try archive.contents(of: member)) }
    }

    /// Reads all of an array's bytes and compares their checksum, which for arrays stored uncompressed nothing else does.
    ///
    /// - Throws: a `malformed` problem if it differs; else as ``tensor(named:)``.
    public func verify(_ name: String) throws {
        _ = try tensor(named: name)
        if let position = members[name] { try archive.verify(archive.members[position]) }
    }

    /// Writes arrays as `numpy.savez` does, uncompressed, over an existing file only once all is on disk.
    ///
    /// - Throws: a `mismatch` problem for a name that is given twice or cannot be one, `unsupported` for an element type numpy does not have
    ///   (bfloat16), `cannotCreate` or `io` if the file cannot be written; what stood at `path` is then as it was.
    public static func save(_ tensors: [(name: String, tensor: Tensor)], to path: String) throws {
        try AtomicFile.write(path) { sink in
            var writer = ZipWriter(sink, sizes: .wide)
            for (name, tensor) in tensors {
                try KerasError.placing(Place(object: name)) { try writer.add(name + ".npy", try NPY.parts(of: tensor)) }
            }
            try writer.finish()
        }
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.prefix(12).map { "'\($0)'" }.joined(separator: ", ") + (names.count > 12 ? ", …" : "")
    }
}
