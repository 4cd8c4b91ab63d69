package import Tensors

/// Whole gzip files: RFC 1952.
package enum Gzip {
    /// True for bytes that begin as a gzip file does.
    package static func sniff(_ buffer: Buffer) -> Bool {
        buffer.count >= 3 && buffer.bytes[0] == 0x1F && buffer.bytes[1] == 0x8B && buffer.bytes[2] == 8
    }

    /// Inflates a file: one stream or several, one after the other, and zeros behind them, as tapes leave them. Each is held against its checksum.
    ///
    /// - Throws: `resource` problems when it grows over `limits`, before memory beyond them is asked for; `malformed` ones for broken data.
    package static func inflate(_ source: Buffer, limits: StorageLimits = .standard) throws -> Buffer {
        let stream = try InflateStream(source, format: .gzip)
        let most = Inflate.most(from: source.count, limits: limits)
        // The last four bytes say how long the last stream was, modulo 2³²: nearly always the whole size. One more, so that the end is met.
        let promised = source.count >= 18 ? Int(try ByteReader(source).uint32(at: source.count - 4)) : 0
        var target = try Buffer.uninitialized(count: min(max(promised, 1 << 12), most) + 1)
        var filled = 0
        while true {
            filled += try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: target.bytes[filled...]))
            try Inflate.check(filled, from: source.count, limits: limits)
            if stream.isAtEnd { break }
            let larger = try Buffer.uninitialized(count: min(target.count * 2, most + 1))
            larger.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: target.bytes[..<filled]))
            target = larger
        }
        let isPadded = source.withUnsafeBytes { $0[stream.consumed...].allSatisfy { $0 == 0 } }
        guard isPadded else {
            throw KerasError(
                .malformed, "there is something else behind the compressed data", at: Place(offset: stream.consumed),
                found: "\(source.count - stream.consumed) bytes")
        }
        return target.view(0..<filled)
    }
}

/// Writes a gzip file as its bytes come: no name and no time in it, so that the same bytes give the same file.
package final class GzipWriter {
    private let sink: FileSink
    private let stream: DeflateStream
    private var crc = CRC32()
    private var count = 0

    /// - Throws: what the sink throws; a `resource` problem when memory is refused.
    package init(_ sink: FileSink) throws {
        self.sink = sink
        // Deflate; no flags; no time; no hint; an unknown system.
        try sink.write([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])
        stream = try DeflateStream { try sink.write($0) }
    }

    /// - Throws: what the sink throws.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        crc.update(bytes)
        count += bytes.count
        try stream.write(bytes)
    }

    /// - Throws: what the sink throws.
    package func finish() throws {
        try stream.finish()
        let trailer = UInt64(crc.value) | UInt64(UInt32(truncatingIfNeeded: count)) << 32
        try sink.write((0..<8).map { UInt8(truncatingIfNeeded: trailer >> (8 * $0)) })
    }
}
