internal import CZlib
internal import Tensors

/// Compresses bytes as they come into a raw deflate stream, as Python's `zipfile` does: level 6, the same bytes however they are cut.
///
/// A class, because zlib keeps the address of its state.
package final class DeflateStream {
    private let stream: UnsafeMutablePointer<z_stream>
    private let output: Buffer
    private let sink: (UnsafeRawBufferPointer) throws -> Void

    /// - Parameter sink: gets the compressed bytes, piece by piece.
    /// - Throws: a `resource` problem when memory is refused.
    package init(_ sink: @escaping (UnsafeRawBufferPointer) throws -> Void) throws {
        self.sink = sink
        output = try Buffer.uninitialized(count: 1 << 18)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // -15: the largest window, without a frame around it; 8: zlib's own default for memory. deflateInit2(3)
        let status = deflateInit2_(
            stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw KerasError(.resource, "zlib could not begin") }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// - Throws: what the sink throws.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        var done = 0
        while done < bytes.count {
            // zlib counts in 32 bits.
            let piece = min(bytes.count - done, 1 << 30)
            try run(UnsafeRawBufferPointer(rebasing: bytes[done..<done + piece]), Z_NO_FLUSH)
            done += piece
        }
    }

    /// Ends the stream; nothing may be written after it.
    ///
    /// - Throws: what the sink throws.
    package func finish() throws { try run(UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH) }

    /// deflate(3)
    private func run(_ input: UnsafeRawBufferPointer, _ flush: Int32) throws {
        // zlib only reads what it takes for writable.
        stream.pointee.next_in = input.baseAddress.map { UnsafeMutableRawPointer(mutating: $0).assumingMemoryBound(to: Bytef.self) }
        stream.pointee.avail_in = UInt32(input.count)
        repeat {
            stream.pointee.next_out = output.bytes.baseAddress!.assumingMemoryBound(to: Bytef.self)
            stream.pointee.avail_out = UInt32(output.count)
            let status = CZlib.deflate(stream, flush)
            guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
                throw KerasError(.io, "the data cannot be compressed", cause: stream.pointee.msg.map { String(cString: $0) })
            }
            let count = output.count - Int(stream.pointee.avail_out)
            if count > 0 { try sink(UnsafeRawBufferPointer(rebasing: output.bytes[..<count])) }
        } while stream.pointee.avail_out == 0
    }
}
