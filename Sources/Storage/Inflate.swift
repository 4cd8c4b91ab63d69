internal import CZlib
package import Tensors

/// A compressed stream read piece by piece: deflate as ZIP members have it, or gzip.
///
/// A class, because zlib keeps the address of its state.
package final class InflateStream {
    package enum Format: Sendable {
        /// zlib's own frame is what HDF5 has.
        case deflate, gzip, zlib
    }

    private let stream: UnsafeMutablePointer<z_stream>
    private let source: Buffer
    /// How much of the source has been read.
    package private(set) var consumed = 0
    private let format: Format
    /// True once the stream's own end mark has been read.
    package private(set) var isAtEnd = false

    /// - Throws: a `resource` problem when memory is refused.
    package init(_ source: Buffer, format: Format) throws {
        self.source = source
        self.format = format
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15: the largest window, in zlib's frame. Negative means no frame around it, plus 16 gzip's. inflateInit2(3)
        let window: Int32 = format == .deflate ? -15 : format == .gzip ? 15 + 16 : 15
        guard inflateInit2_(stream, window, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw KerasError(.resource, "zlib could not begin", cause: zlibVersionMessage())
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Inflates into `target` until it is full or the stream ends, and returns how many bytes came. inflate(3)
    ///
    /// - Throws: a `malformed` problem if the stream is broken or ends too early.
    package func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
        var produced = 0
        while produced < target.count && !isAtEnd {
            // zlib counts in 32 bits.
            let input = min(source.count - consumed, 1 << 30)
            let room = min(target.count - produced, 1 << 30)
            stream.pointee.next_in = source.bytes.baseAddress.map { ($0 + consumed).assumingMemoryBound(to: Bytef.self) }
            stream.pointee.avail_in = UInt32(input)
            stream.pointee.next_out = (target.baseAddress! + produced).assumingMemoryBound(to: Bytef.self)
            stream.pointee.avail_out = UInt32(room)
            let status = CZlib.inflate(stream, Z_NO_FLUSH)
            consumed += input - Int(stream.pointee.avail_in)
            produced += room - Int(stream.pointee.avail_out)
            switch status {
            case Z_OK: break
            case Z_STREAM_END:
                isAtEnd = true
                // gzip files may be several streams, one after the other.
                if format == .gzip && consumed < source.count && source.bytes[consumed] == 0x1F {
                    inflateReset(stream)
                    isAtEnd = false
                }
            case Z_BUF_ERROR: throw KerasError(.malformed, "the compressed data ends too early", at: Place(offset: consumed))
            default:
                let cause = stream.pointee.msg.map { String(cString: $0) }
                throw KerasError(.malformed, "the compressed data is damaged", at: Place(offset: consumed), cause: cause)
            }
        }
        return produced
    }
}

package enum Inflate {
    /// Inflates what must come to exactly `count` bytes.
    ///
    /// - Throws: `resource` problems for a size over `limits`, before any memory is asked for; `malformed` ones for broken data.
    package static func exactly(
        _ count: Int, from source: Buffer, format: InflateStream.Format = .deflate, limits: StorageLimits = .standard
    ) throws -> Buffer {
        try check(count, from: source.count, limits: limits)
        let stream = try InflateStream(source, format: format)
        let target = try Buffer.uninitialized(count: count)
        let produced = try stream.read(into: target.bytes)
        guard produced == count else { throw wrongSize(count, found: "\(produced) bytes") }
        // The end mark has not been read yet if the target was filled exactly.
        if !stream.isAtEnd {
            let excess = try Buffer(count: 1)
            guard try stream.read(into: excess.bytes) == 0 else { throw wrongSize(count, found: "more") }
        }
        return target
    }

    /// What ``check(_:from:limits:)`` lets `compressed` bytes become at most.
    static func most(from compressed: Int, limits: StorageLimits) -> Int {
        let stored = max(compressed, 1)
        func times(_ ratio: Int) -> Int {
            let (product, overflow) = stored.multipliedReportingOverflow(by: ratio)
            return overflow ? .max : product
        }
        return min(limits.inflated, times(limits.ratio), max(limits.suspicious, times(limits.suspiciousRatio)))
    }

    /// - Throws: a `resource` problem if `compressed` bytes may not become `count`.
    package static func check(_ count: Int, from compressed: Int, limits: StorageLimits = .standard) throws {
        let stored = max(compressed, 1)
        guard count <= limits.inflated else {
            throw KerasError(
                .resource, "the data is too large uncompressed", found: "\(count) bytes", expected: "at most \(limits.inflated)")
        }
        guard count / limits.ratio <= stored else {
            throw KerasError(
                .resource, "the data claims to be compressed more than is possible", found: "\(count) bytes in \(compressed)",
                expected: "at most \(limits.ratio) times as many")
        }
        guard count <= limits.suspicious || count / limits.suspiciousRatio <= stored else {
            throw KerasError(
                .resource, "the data is compressed so highly that it is taken for a bomb", found: "\(count) bytes in \(compressed)",
                expected: "at most \(limits.suspiciousRatio) times as many, or \(limits.suspicious) bytes")
        }
    }

    private static func wrongSize(_ count: Int, found: String) -> KerasError {
        KerasError(.malformed, "the compressed data has another size than its container says", found: found, expected: "\(count) bytes")
    }
}

/// The checksum of ZIP and gzip. crc32(3)
package struct CRC32: Sendable {
    private var state: UInt = 0
    package init() {}
    package var value: UInt32 { UInt32(truncatingIfNeeded: state) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        state = UInt(crc32_z(uLong(state), start.assumingMemoryBound(to: Bytef.self), bytes.count))
    }

    package static func of(_ buffer: Buffer) -> UInt32 {
        var sum = CRC32()
        buffer.withUnsafeBytes { sum.update($0) }
        return sum.value
    }
}

private func zlibVersionMessage() -> String { "zlib " + String(cString: zlibVersion()) }
