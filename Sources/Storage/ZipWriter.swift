package import Tensors

/// Writes a ZIP archive, byte for byte as Python's `zipfile` does, all members dated 1980-01-01: the same contents make the same archive.
package struct ZipWriter {
    /// How a member's local header gives its sizes.
    package enum Sizes: Sendable {
        /// In 32 bits where they fit, as `ZipFile.writestr` writes a member whose size is known: Keras's archives.
        case plain
        /// In a 64-bit extra field always, as `ZipFile.open(force_zip64=True)` does: numpy's archives.
        case wide
    }

    private struct Entry {
        let name: [UInt8]
        let flags: Int
        let version: Int
        let method: Int
        let offset: Int
        var crc: UInt32 = 0
        var size = 0
        var storedSize = 0
    }

    private let sink: any ByteSink
    private let sizes: Sizes
    private var entries: [Entry] = []
    private var names: Set<[UInt8]> = []

    /// Begins an archive at the sink's position, which must be 0.
    package init(_ sink: any ByteSink, sizes: Sizes) {
        self.sink = sink
        self.sizes = sizes
    }

    /// Adds a member of these parts, one after the other.
    ///
    /// - Throws: a `mismatch` problem for a name that is taken or cannot be one, `io` ones from writing.
    package mutating func add(_ name: String, _ parts: [Buffer], compressed: Bool = false) throws {
        try add(name, count: parts.reduce(0) { $0 + $1.count }, compressed: compressed) { write in
            for part in parts { try part.withUnsafeBytes(write) }
        }
    }

    /// Adds a member of `count` bytes that `body` hands over piece by piece.
    ///
    /// - Throws: a `mismatch` problem for a name that is taken or cannot be one, `io` ones from writing, and what `body` throws.
    package mutating func add(
        _ name: String, count: Int, compressed: Bool = false,
        _ body: (_ write: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        let nameBytes = Array(name.utf8)
        guard !nameBytes.isEmpty, nameBytes.count <= 0xFFFF, !nameBytes.contains(0) else {
            throw KerasError(.mismatch, "this cannot be the name of a ZIP member", at: Place(object: name))
        }
        guard names.insert(nameBytes).inserted else {
            throw KerasError(.mismatch, "two members of a ZIP archive have the same name", at: Place(object: name))
        }
        // Python allows for data that grows by being compressed.
        let isWide = sizes == .wide || count + count / 20 > ZipWriter.largestPlain
        var entry = Entry(
            name: nameBytes, flags: nameBytes.allSatisfy { $0 < 0x80 } ? 0 : 0x800, version: isWide ? 45 : 20, method: compressed ? 8 : 0,
            offset: sink.position)
        // Checksum and size stand before the data, and are known after it: the header is written twice.
        try sink.write(header(of: entry, isWide: isWide))
        let start = sink.position
        var sum = CRC32()
        let deflate = compressed ? try DeflateStream { [sink] in try sink.write($0) } : nil
        try body { piece in
            var done = 0
            while done < piece.count {
                let part = UnsafeRawBufferPointer(rebasing: piece[done..<min(done + ZipWriter.pieceSize, piece.count)])
                sum.update(part)
                if let deflate { try deflate.write(part) } else { try sink.write(part) }
                done += part.count
            }
            entry.size += piece.count
        }
        try deflate?.finish()
        precondition(entry.size == count, "a ZIP member of \(count) bytes got \(entry.size)")
        entry.crc = sum.value
        entry.storedSize = sink.position - start
        try sink.rewrite(header(of: entry, isWide: isWide), at: entry.offset)
        entries.append(entry)
    }

    /// Adds a member that stays where it is, if the sink is a ``RopeSink``: nothing is copied.
    ///
    /// - Throws: as the others.
    package mutating func add(_ name: String, _ rope: ByteRope) throws {
        let sink = sink as? RopeSink
        try add(name, count: rope.count) { write in
            guard let sink else { return try rope.runs.forEach { try $0.withUnsafeBytes(write) } }
            try sink.keeping(rope) { try rope.runs.forEach { try $0.withUnsafeBytes(write) } }
        }
    }

    /// What stays in the cache between being summed up and being written.
    private static let pieceSize = 1 << 18

    private func header(of entry: Entry, isWide: Bool) -> [UInt8] {
        var header = LittleEndian()
        header.add32(ZipRecord.localHeader)
        header.add16(entry.version, entry.flags, entry.method, 0, ZipWriter.date)
        header.add32(entry.crc, isWide ? .max : UInt32(entry.storedSize), isWide ? .max : UInt32(entry.size))
        header.add16(entry.name.count, isWide ? 20 : 0)
        header.bytes += entry.name
        if isWide {
            header.add16(ZipRecord.zip64Extra, 16)
            header.add64(entry.size, entry.storedSize)
        }
        return header.bytes
    }

    /// Writes the directory; nothing may be added after it.
    ///
    /// - Throws: an `io` problem from writing.
    package func finish() throws {
        let start = sink.position
        var directory = LittleEndian()
        for entry in entries { add(entry, to: &directory) }
        let size = directory.bytes.count
        if entries.count > 0xFFFF || start > ZipWriter.largestPlain || size > ZipWriter.largestPlain {
            directory.add32(ZipRecord.end64)
            directory.add64(44)
            directory.add16(45, 45)
            directory.add32(0, 0)
            directory.add64(entries.count, entries.count, size, start)
            directory.add32(ZipRecord.end64Locator, 0)
            directory.add64(start + size)
            directory.add32(1)
        }
        directory.add32(ZipRecord.end)
        directory.add16(0, 0, min(entries.count, 0xFFFF), min(entries.count, 0xFFFF))
        directory.add32(UInt32(clamping: size), UInt32(clamping: start))
        directory.add16(0)
        try sink.write(directory.bytes)
    }

    private func add(_ entry: Entry, to directory: inout LittleEndian) {
        var wide: [Int] = []
        let isLarge = max(entry.size, entry.storedSize) > ZipWriter.largestPlain
        if isLarge { wide += [entry.size, entry.storedSize] }
        if entry.offset > ZipWriter.largestPlain { wide.append(entry.offset) }
        let version = wide.isEmpty ? entry.version : 45
        directory.add32(ZipRecord.centralHeader)
        // Made on Unix, which is what gives the attributes below their meaning.
        directory.add16(3 << 8 | version, version, entry.flags, entry.method, 0, ZipWriter.date)
        directory.add32(entry.crc, isLarge ? .max : UInt32(entry.storedSize), isLarge ? .max : UInt32(entry.size))
        directory.add16(entry.name.count, wide.isEmpty ? 0 : 4 + 8 * wide.count, 0, 0, 0)
        // Mode 0600.
        directory.add32(0o600 << 16, entry.offset > ZipWriter.largestPlain ? .max : UInt32(entry.offset))
        directory.bytes += entry.name
        if !wide.isEmpty {
            directory.add16(ZipRecord.zip64Extra, 8 * wide.count)
            for value in wide { directory.add64(value) }
        }
    }

    /// Python's bound for 32-bit fields, which is half of what they hold.
    private static let largestPlain = Int(Int32.max)
    /// 1 January 1980, ZIP's earliest.
    private static let date = 1 << 5 | 1
}

private struct LittleEndian {
    var bytes: [UInt8] = []

    private mutating func add(_ value: UInt64, count: Int) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }

    mutating func add16(_ values: Int...) { for value in values { add(UInt64(value), count: 2) } }
    mutating func add32(_ values: UInt32...) { for value in values { add(UInt64(value), count: 4) } }
    mutating func add64(_ values: Int...) { for value in values { add(UInt64(value), count: 8) } }
}
