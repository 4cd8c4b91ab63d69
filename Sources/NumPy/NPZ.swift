internal import Storage
public import Tensors

/// numpy's `.npz` files: arrays with names, in a ZIP archive.
///
/// Opening one reads its directory; an array is read when it is asked for. One that is stored uncompressed stays in the mapped file, where it may
/// be at any address (``Tensor/isAligned``); one that is compressed is inflated straight into the tensor's memory, and its checksum compared.
public struct NPZ: Sendable {
    private let archive: ZipArchive
    private let members: [String: Int]
    /// The names of the arrays, in the archive's order; without the ending `.npy`.
    public let names: [String]

    /// Opens an archive.
    ///
    /// - Parameter mapped: false reads the file into memory; see ``NPY/load(_:mapped:)`` for what that is good for.
    /// - Throws: `noInput` if there is no such file, `malformed` if it is no sound ZIP archive, `unsupported` or `resource` for one beyond what
    ///   is read.
    public init(path: String, mapped: Bool = true) throws { try self.init(mapped ? Files.map(path) : Files.read(path), name: path) }

    /// Opens an archive in memory, whose errors call it `name`.
    ///
    /// - Throws: as ``init(path:mapped:)``, but for the file itself.
    public init(_ buffer: Buffer, name: String) throws {
        if NPYHeader.sniff(buffer) {
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

    /// The file's, for messages.
    var name: String { archive.name }

    public func contains(_ name: String) -> Bool { members[name] != nil }

    /// The array of this name.
    ///
    /// - Throws: a `mismatch` problem if there is none, else as ``NPY/decode(_:)``, with `malformed` for damaged and `resource` for suspiciously
    ///   compressed data.
    public func tensor(named name: String) throws -> Tensor {
        try reading(name) { member in
            switch try archive.source(of: member) {
            case .bytes(let buffer): try NPY.decode(buffer)
            case .compressed(let reader): try NPZ.inflate(reader)
            }
        }
    }

    /// The pickle that an array of Python objects is; nil for any other array.
    ///
    /// - Throws: as ``tensor(named:)``.
    package func pickle(named name: String) throws -> NPYPickle? {
        try reading(name) { member in try NPYPickle(try archive.contents(of: member)) }
    }

    /// Reads all of an array's bytes and compares their checksum, which for arrays stored uncompressed nothing else does.
    ///
    /// - Throws: a `malformed` problem if it differs; else as ``tensor(named:)``.
    public func verify(_ name: String) throws {
        try reading(name) { member in try archive.verify(member) }
    }

    private func reading<R>(_ name: String, _ body: (ZipArchive.Member) throws -> R) throws -> R {
        guard let position = members[name] else {
            throw KerasError(
                .mismatch, "there is no array of this name", at: Place(file: archive.name), found: "'\(name)'",
                expected: "one of \(NPZ.list(names))")
        }
        let member = archive.members[position]
        return try KerasError.placing(Place(file: archive.name, object: member.name)) { try body(member) }
    }

    /// Header first, which says how much memory the elements want; then these, into it.
    private static func inflate(_ reader: ZipMemberReader) throws -> Tensor {
        let prefix = try Buffer.uninitialized(count: min(reader.remaining, NPYHeader.prefixCount))
        try reader.read(into: prefix.bytes)
        let count = try NPYHeader.count(ByteReader(prefix)).text.upperBound
        let head = try Buffer.uninitialized(count: max(min(count, prefix.count + reader.remaining), prefix.count))
        head.bytes.copyMemory(from: UnsafeRawBufferPointer(prefix.bytes))
        try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: head.bytes[prefix.count...]))
        let header = try NPYHeader(ByteReader(head))
        let element = try header.elements(in: head.count - header.dataOffset + reader.remaining)
        let elements = try Buffer.uninitialized(count: header.shape.count * element.size)
        // A header of version 1.0 may end before the twelfth byte.
        let early = min(head.count - header.dataOffset, elements.count)
        elements.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: head.bytes[header.dataOffset..<header.dataOffset + early]))
        try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: elements.bytes[early...]))
        try reader.finish()
        if let start = elements.bytes.baseAddress { element.convert(start, start, count: header.shape.count) }
        return header.tensor(element, elements, byteOffset: 0)
    }

    /// Writes arrays as `numpy.savez` does, or `numpy.savez_compressed`, over an existing file only once all is on disk.
    ///
    /// - Throws: a `mismatch` problem for a name that is given twice or cannot be one, `unsupported` for an element type numpy does not have
    ///   (bfloat16), `cannotCreate` or `io` if the file cannot be written; what stood at `path` is then as it was.
    public static func save(_ tensors: [(name: String, tensor: Tensor)], to path: String, compressed: Bool = false) throws {
        try AtomicFile.write(path) { sink in
            var writer = ZipWriter(sink, sizes: .wide)
            for (name, tensor) in tensors {
                try KerasError.placing(Place(object: name)) {
                    let parts = try NPYParts(tensor)
                    try writer.add(name + ".npy", count: parts.count, compressed: compressed) { try parts.forEach($0) }
                }
            }
            try writer.finish()
        }
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.prefix(12).map { "'\($0)'" }.joined(separator: ", ") + (names.count > 12 ? ", …" : "")
    }
}
