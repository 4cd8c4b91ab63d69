package import Tensors

/// Little-endian integers and byte strings out of a buffer, each checked to lie inside it.
package struct ByteReader: Sendable {
    package let buffer: Buffer
    package init(_ buffer: Buffer) { self.buffer = buffer }

    package var count: Int { buffer.count }

    private func contains(_ offset: Int, _ length: Int) -> Bool {
        offset >= 0 && length >= 0 && offset <= buffer.count && length <= buffer.count - offset
    }

    private func integer<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) throws -> T {
        guard contains(offset, MemoryLayout<T>.size) else { throw tooShort(offset, MemoryLayout<T>.size) }
        return buffer.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
    }

    package func uint16(at offset: Int) throws -> Int { Int(try integer(UInt16.self, at: offset)) }
    package func uint32(at offset: Int) throws -> UInt32 { try integer(UInt32.self, at: offset) }

    /// A 64-bit count or offset. One beyond `Int.max` becomes `Int.max`, which lies outside of every file.
    package func uint64(at offset: Int) throws -> Int { Int(clamping: try integer(UInt64.self, at: offset)) }

    package func bytes(at offset: Int, count: Int) throws -> [UInt8] {
        guard contains(offset, count) else { throw tooShort(offset, count) }
        return buffer.withUnsafeBytes { Array($0[offset..<offset + count]) }
    }

    private func tooShort(_ offset: Int, _ length: Int) -> KerasError {
        KerasError(
            .malformed, "the data ends too early", at: Place(offset: offset), found: "\(max(buffer.count - offset, 0)) bytes",
            expected: "\(length)")
    }
}
