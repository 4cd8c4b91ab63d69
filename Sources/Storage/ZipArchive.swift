package import Tensors

/// A ZIP archive in memory. Its central directory is authoritative, and every local header has to agree with it.
///
/// Members are read by exact name into memory; nothing is ever extracted to disk, and a member's name is never a path.
package struct ZipArchive: Sendable {
    package struct Member: Sendable {
        package enum Method: Sendable, Equatable {
            case stored, deflated
            /// One of ZIP's other methods, which is listed but not read.
            case other(Int)
        }

        package let name: String
        package let method: Method
        /// Bytes it comes to.
        package let count: Int
        /// Bytes it takes in the archive.
        package let storedCount: Int
        let crc: UInt32
        let isEncrypted: Bool
        /// Where its local header begins, and where its bytes do.
        let headerOffset: Int
        let dataOffset: Int

        package var isDirectory: Bool { name.utf8.last == UInt8(ascii: "/") }
    }

    /// The file's name, for messages.
    package let name: String
    /// In the order of the central directory.
    package let members: [Member]
    private let positions: [String: Int]
    private let buffer: Buffer
    private let limits: StorageLimits

    /// - Throws: `malformed` problems for what is no archive, or none whose parts agree; `unsupported` for one of several disks; `resource`
    ///   for too many members.
    package init(_ buffer: Buffer, name: String, limits: StorageLimits = .standard) throws {
        (members, positions) = try KerasError.placing(Place(file: name)) {
            let members = try ZipDirectory(reader: ByteReader(buffer), limits: limits).members()
            var positions: [String: Int] = [:]
            for (position, member) in members.enumerated() where positions.updateValue(position, forKey: member.name) != nil {
                throw KerasError(.malformed, "a ZIP archive holds two members of one name", at: Place(object: member.name))
            }
            return (members, positions)
        }
        self.name = name
        self.buffer = buffer
        self.limits = limits
    }

    /// True for bytes that begin as every archive with a member does, or are an empty one.
    package static func sniff(_ buffer: Buffer) -> Bool {
        guard let head = try? ByteReader(buffer).uint32(at: 0) else { return false }
        return head == ZipRecord.localHeader || head == ZipRecord.end
    }

    package func member(named name: String) -> Member? { positions[name].map { members[$0] } }

    /// A member as it can be had.
    package enum Source {
        /// Its bytes, in the archive itself; not checked, see ``verify(_:)``.
        case bytes(Buffer)
        /// It has to be inflated.
        case compressed(ZipMemberReader)
    }

    /// - Throws: `unsupported` problems for an encrypted member or another method than deflate, `resource` for one too large.
    package func source(of member: Member) throws -> Source {
        let place = Place(file: name, object: member.name)
        return try KerasError.placing(place) {
            guard !member.isEncrypted else { throw KerasError(.unsupported, "the ZIP member is encrypted") }
            let stored = buffer.view(member.dataOffset..<member.dataOffset + member.storedCount)
            switch member.method {
            case .stored: return .bytes(stored)
            case .deflated:
                try Inflate.check(member.count, from: member.storedCount, limits: limits)
                return .compressed(try ZipMemberReader(member, stored: stored, place: place))
            case .other(let number):
                throw KerasError(
                    .unsupported, "the ZIP member is compressed in an unknown way", found: "method \(number)", expected: "0 or 8")
            }
        }
    }

    /// The member's bytes: those in the archive itself if it is stored (not checked, see ``verify(_:)``), else inflated and checked.
    ///
    /// - Throws: as ``source(of:)``, and `malformed` problems for damaged data.
    package func contents(of member: Member) throws -> Buffer {
        switch try source(of: member) {
        case .bytes(let buffer): return buffer
        case .compressed(let reader):
            let contents = try Buffer.uninitialized(count: member.count)
            try reader.read(into: contents.bytes)
            try reader.finish()
            return contents
        }
    }

    /// Reads all of a member and compares its checksum.
    ///
    /// - Throws: what ``contents(of:)`` does; a `malformed` problem if the checksum differs.
    package func verify(_ member: Member) throws {
        switch try source(of: member) {
        case .bytes(let buffer): try KerasError.placing(Place(file: name, object: member.name)) { try member.check(CRC32.of(buffer)) }
        case .compressed(let reader): try reader.finish()
        }
    }
}
