package import Tensors

extension Buffer {
    /// Part of these bytes, which it keeps alive. The caller has checked the range.
    package func view(_ range: Range<Int>) -> Buffer {
        Buffer(bytes: UnsafeMutableRawBufferPointer(rebasing: bytes[range])) { withExtendedLifetime(self) {} }
    }

    /// A buffer that holds these bytes.
    ///
    /// - Throws: a `resource` problem when memory is refused.
    package static func copy(of bytes: [UInt8]) throws -> Buffer {
        let buffer = try Buffer.uninitialized(count: bytes.count)
        buffer.bytes.copyBytes(from: bytes)
        return buffer
    }
}

package enum ByteOrder {
    /// Writes `count` runs of `unit` bytes (2, 4, 8 or 16), each reversed, to `target`; in place if that is `source`. Neither need be aligned.
    package static func swap(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, unit: Int, count: Int) {
        func swap<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) {
            for offset in stride(from: 0, to: count * unit, by: unit) {
                target.storeBytes(
                    of: source.loadUnaligned(fromByteOffset: offset, as: T.self).byteSwapped, toByteOffset: offset, as: T.self)
            }
        }
        switch unit {
        case 2: swap(UInt16.self)
        case 4: swap(UInt32.self)
        case 8: swap(UInt64.self)
        case 16: swap(UInt128.self)
        default: preconditionFailure("bytes are swapped in runs of 2, 4, 8 or 16")
        }
    }
}
