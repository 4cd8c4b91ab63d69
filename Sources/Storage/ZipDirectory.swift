internal import Tensors

/// The signatures of ZIP's records.
enum ZipRecord {
    static let localHeader: UInt32 = 0x0403_4B50
    static let centralHeader: UInt32 = 0x0201_4B50
    static let end: UInt32 = 0x0605_4B50
    static let end64: UInt32 = 0x0606_4B50
    static let end64Locator: UInt32 = 0x0706_4B50
    /// The extra field that carries 64-bit sizes.
    static let zip64Extra = 1
}

/// Reads the central directory and holds every local header against it.
struct ZipDirectory {
    let reader: ByteReader
    let limits: StorageLimits

    /// Where the directory lies and how many entries it has.
    private struct End {
        var offset: Int
        var size: Int
        var count: Int
        /// Where the directory has to end: the record that describes it.
        var limit: Int
    }

    func members() throws -> [ZipArchive.Member] {
        let end = try findEnd()
        guard end.offset >= 0, end.size >= 0, end.offset <= end.limit, end.size == end.limit - end.offset else {
            let found = "\(end.size) bytes at \(end.offset)"
            throw KerasError(
                .malformed, "the ZIP archive's directory is not where its end record says", found: found,
                expected: "its end at \(end.limit)")
        }
        guard end.count <= limits.members else {
            throw KerasError(
                .resource, "the ZIP archive has too many members", found: "\(end.count)", expected: "at most \(limits.members)")
        }
        var members: [ZipArchive.Member] = []
        var offset = end.offset
        for _ in 0..<end.count { members.append(try readEntry(at: &offset, limit: end.limit)) }
        guard offset == end.limit else {
            throw KerasError(.malformed, "the ZIP archive's directory has another length than its entries", at: Place(offset: offset))
        }
        try checkOverlaps(members, directory: end.offset)
        return members
    }

    /// The end record: the last 22 bytes, or before a comment of up to 65,535.
    private func findEnd() throws -> End {
        var offset = reader.count - 22
        let lowest = max(0, offset - 0xFFFF)
        while offset >= lowest {
            // Its comment must reach exactly to the end, which a signature inside of a comment does not manage by accident.
            if try reader.uint32(at: offset) == ZipRecord.end, try reader.uint16(at: offset + 20) == reader.count - offset - 22 { break }
            offset -= 1
        }
        guard offset >= lowest else { throw KerasError(.malformed, "this is not a ZIP archive, or its end is missing") }
        if let end = try zip64End(before: offset) { return end }
        guard try reader.uint16(at: offset + 4) == 0, try reader.uint16(at: offset + 6) == 0,
            try reader.uint16(at: offset + 8) == reader.uint16(at: offset + 10)
        else { throw severalDisks }
        return End(
            offset: Int(try reader.uint32(at: offset + 16)), size: Int(try reader.uint32(at: offset + 12)),
            count: try reader.uint16(at: offset + 10), limit: offset)
    }

    /// The 64-bit end record, if there is a locator for one just before the plain one.
    private func zip64End(before end: Int) throws -> End? {
        guard end >= 20, try reader.uint32(at: end - 20) == ZipRecord.end64Locator else { return nil }
        let offset = try reader.uint64(at: end - 12)
        guard try reader.uint32(at: end - 16) == 0, try reader.uint32(at: end - 4) <= 1 else { throw severalDisks }
        guard offset <= end - 20 - 56, try reader.uint32(at: offset) == ZipRecord.end64 else {
            throw KerasError(.malformed, "the ZIP archive's 64-bit end record is missing", at: Place(offset: min(offset, end)))
        }
        guard try reader.uint32(at: offset + 16) == 0, try reader.uint32(at: offset + 20) == 0,
            try reader.uint64(at: offset + 24) == reader.uint64(at: offset + 32)
        else { throw severalDisks }
        let found = End(
            offset: try reader.uint64(at: offset + 48), size: try reader.uint64(at: offset + 40), count: try reader.uint64(at: offset + 32),
            limit: offset)
        // What the plain record says itself must not tell another story to another reader.
        let plain = (try reader.uint32(at: end + 16), try reader.uint32(at: end + 12), try reader.uint16(at: end + 10))
        guard plain.0 == .max || Int(plain.0) == found.offset, plain.1 == .max || Int(plain.1) == found.size,
            plain.2 == 0xFFFF || plain.2 == found.count
        else { throw KerasError(.malformed, "the ZIP archive's two end records disagree", at: Place(offset: offset)) }
        return found
    }

    private var severalDisks: KerasError { KerasError(.unsupported, "the ZIP archive is one part of several") }

    private func readEntry(at offset: inout Int, limit: Int) throws -> ZipArchive.Member {
        let start = offset
        guard start <= limit - 46, try reader.uint32(at: start) == ZipRecord.centralHeader else {
            throw KerasError(.malformed, "an entry of the ZIP archive's directory is damaged", at: Place(offset: start))
        }
        let nameCount = try reader.uint16(at: start + 28)
        let extraCount = try reader.uint16(at: start + 30)
        offset = start + 46 + nameCount + extraCount + (try reader.uint16(at: start + 32))
        guard offset <= limit else {
            throw KerasError(.malformed, "an entry of the ZIP archive's directory is too long", at: Place(offset: start))
        }
        let nameBytes = try reader.bytes(at: start + 46, count: nameCount)
        // Names that are not UTF-8 are of old writers and of no use here; they are shown as far as they can be.
        let name = String(decoding: nameBytes, as: UTF8.self)
        return try KerasError.placing(Place(object: name, offset: start)) {
            guard !nameBytes.contains(0) else { throw KerasError(.malformed, "the name of a ZIP member contains a NUL character") }
            var size = Int(try reader.uint32(at: start + 24))
            var storedSize = Int(try reader.uint32(at: start + 20))
            var headerOffset = Int(try reader.uint32(at: start + 42))
            let disk = try reader.uint16(at: start + 34)
            try readZip64(start + 46 + nameCount, count: extraCount, size: &size, storedSize: &storedSize, headerOffset: &headerOffset)
            guard disk == 0 || disk == 0xFFFF else { throw severalDisks }
            let flags = try reader.uint16(at: start + 8)
            let method = try reader.uint16(at: start + 10)
            let entry = LocalHeader(
                flags: flags, method: method, crc: try reader.uint32(at: start + 16), size: size, storedSize: storedSize, name: nameBytes)
            let dataOffset = try checkLocalHeader(at: headerOffset, against: entry)
            guard storedSize <= reader.count - dataOffset else {
                throw KerasError(
                    .malformed, "a ZIP member reaches past the end", found: "\(storedSize) bytes",
                    expected: "at most \(reader.count - dataOffset)")
            }
            guard method != 0 || size == storedSize else {
                throw KerasError(.malformed, "a stored ZIP member has two sizes", found: "\(storedSize) bytes", expected: "\(size)")
            }
            return ZipArchive.Member(
                name: name, method: method == 0 ? .stored : method == 8 ? .deflated : .other(method), count: size, storedCount: storedSize,
                crc: entry.crc, isEncrypted: flags & 0x2041 != 0, headerOffset: headerOffset, dataOffset: dataOffset)
        }
    }

    /// Puts the 64-bit values in place of those that are all ones, in the standard's order.
    private func readZip64(_ start: Int, count: Int, size: inout Int, storedSize: inout Int, headerOffset: inout Int) throws {
        let wanted = [size, storedSize, headerOffset].map { $0 == Int(UInt32.max) }
        guard wanted.contains(true) else { return }
        var position = start
        while position + 4 <= start + count {
            let length = try reader.uint16(at: position + 2)
            guard try reader.uint16(at: position) == ZipRecord.zip64Extra else {
                position += 4 + length
                continue
            }
            var field = position + 4
            func next() throws -> Int {
                guard field + 8 <= min(position + 4 + length, start + count) else {
                    throw KerasError(.malformed, "the 64-bit sizes of a ZIP member are missing")
                }
                defer { field += 8 }
                return try reader.uint64(at: field)
            }
            if wanted[0] { size = try next() }
            if wanted[1] { storedSize = try next() }
            if wanted[2] { headerOffset = try next() }
            return
        }
        throw KerasError(.malformed, "the 64-bit sizes of a ZIP member are missing")
    }

    /// What the directory says and the local header has to repeat.
    private struct LocalHeader {
        let flags: Int
        let method: Int
        let crc: UInt32
        let size: Int
        let storedSize: Int
        let name: [UInt8]
    }

    /// - Returns: where the member's bytes begin.
    private func checkLocalHeader(at offset: Int, against entry: LocalHeader) throws -> Int {
        guard offset <= reader.count - 30, try reader.uint32(at: offset) == ZipRecord.localHeader else {
            throw KerasError(.malformed, "a ZIP member is not where the directory says", found: "offset \(offset)")
        }
        let nameCount = try reader.uint16(at: offset + 26)
        let dataOffset = offset + 30 + nameCount + (try reader.uint16(at: offset + 28))
        guard dataOffset <= reader.count, try reader.bytes(at: offset + 30, count: nameCount) == entry.name else {
            throw KerasError(.malformed, "a ZIP member has another name than the directory gives it")
        }
        let flags = try reader.uint16(at: offset + 6)
        guard try reader.uint16(at: offset + 8) == entry.method, flags & 0x2041 == entry.flags & 0x2041 else {
            throw KerasError(.malformed, "a ZIP member is stored in another way than the directory says")
        }
        // With bit 3 the sizes follow the data.
        guard flags & 8 == 0 else { return dataOffset }
        var storedSize = Int(try reader.uint32(at: offset + 18))
        var size = Int(try reader.uint32(at: offset + 22))
        var none = 0
        let extra = offset + 30 + nameCount
        try readZip64(extra, count: dataOffset - extra, size: &size, storedSize: &storedSize, headerOffset: &none)
        guard try reader.uint32(at: offset + 14) == entry.crc, storedSize == entry.storedSize, size == entry.size else {
            throw KerasError(.malformed, "a ZIP member has another size or checksum than the directory gives it")
        }
        return dataOffset
    }

    /// Members that share bytes make a small file unfold to any size.
    private func checkOverlaps(_ members: [ZipArchive.Member], directory: Int) throws {
        let ordered = members.sorted { $0.headerOffset < $1.headerOffset }
        for (index, member) in ordered.enumerated() {
            let limit = index + 1 < ordered.count ? ordered[index + 1].headerOffset : directory
            guard member.dataOffset + member.storedCount <= limit else {
                let place = Place(object: member.name, offset: member.headerOffset)
                throw KerasError(.malformed, "a ZIP member overlaps what follows it", at: place)
            }
        }
    }
}
