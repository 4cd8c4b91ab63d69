package import Tensors

/// A file's bytes as runs that stand where they are: a model's weights go to disk, or into an archive, without being gathered first.
package struct ByteRope: Sendable {
    /// One after the other; none is empty.
    package private(set) var runs: [Buffer] = []
    package private(set) var count = 0

    package init() {}

    package init(_ bytes: [UInt8]) throws { append(try Buffer.copy(of: bytes)) }

    package mutating func append(_ buffer: Buffer) {
        guard buffer.count > 0 else { return }
        runs.append(buffer)
        count += buffer.count
    }

    package mutating func append(_ buffer: Buffer, _ range: Range<Int>) { append(buffer.view(range)) }

    /// The elements of a contiguous tensor.
    package mutating func append(_ tensor: Tensor) {
        append(tensor.buffer, tensor.byteOffset..<tensor.byteOffset + tensor.byteCount)
    }

    package mutating func append(_ rope: ByteRope) { for run in rope.runs { append(run) } }

    /// Puts other bytes in the place of a run of the same length that begins at `offset`.
    ///
    /// - Throws: a `resource` problem when memory is refused.
    mutating func replaceRun(at offset: Int, with bytes: [UInt8]) throws {
        var position = 0
        for (index, run) in runs.enumerated() {
            if position == offset, run.count == bytes.count { return runs[index] = try Buffer.copy(of: bytes) }
            position += run.count
        }
        preconditionFailure("no run of \(bytes.count) bytes begins at \(offset)")
    }

    /// Everything in one run; a copy, unless there is one only.
    ///
    /// - Throws: a `resource` problem when memory is refused.
    package func joined() throws -> Buffer {
        if runs.count == 1 { return runs[0] }
        let buffer = try Buffer.uninitialized(count: count)
        var position = 0
        for run in runs {
            run.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[position...]).copyMemory(from: $0) }
            position += run.count
        }
        return buffer
    }

    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            for run in runs {
                run.withUnsafeBytes { UnsafeMutableRawBufferPointer(target)[initialized...].copyBytes(from: $0) }
                initialized += run.count
            }
        }
    }

    /// - Throws: an `io` problem with the system's reason.
    package func write(to sink: FileSink) throws { for run in runs { try sink.write(run) } }
}
