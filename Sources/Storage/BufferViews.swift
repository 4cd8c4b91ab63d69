#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
package import Tensors

extension Buffer {
    /// Memory whose content the caller writes before anyone reads it. Untouched pages cost nothing yet.
    ///
    /// - Throws: a `resource` problem when memory is refused.
    package static func uninitialized(count: Int) throws -> Buffer {
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, 64, max(count, 1)) == 0, let memory else {
            throw KerasError(.resource, "memory was refused", found: "\(count) bytes")
        }
        return Buffer(bytes: UnsafeMutableRawBufferPointer(start: memory, count: count)) { free(memory) }
    }

    /// Part of these bytes, which it keeps alive. The caller has checked the range.
    package func view(_ range: Range<Int>) -> Buffer {
        Buffer(bytes: UnsafeMutableRawBufferPointer(rebasing: bytes[range])) { withExtendedLifetime(self) {} }
    }

    /// A copy in which every run of `unit` bytes is reversed: the other byte order.
    ///
    /// - Throws: a `resource` problem when memory is refused.
    package func byteSwapped(unit: Int) throws -> Buffer {
        func swap<T: FixedWidthInteger>(_ type: T.Type, into target: Buffer) {
            withUnsafeBytes { source in
                for offset in stride(from: 0, to: source.count / unit * unit, by: unit) {
                    let element = source.loadUnaligned(fromByteOffset: offset, as: T.self)
                    target.bytes.storeBytes(of: element.byteSwapped, toByteOffset: offset, as: T.self)
                }
            }
        }
        let copy = try Buffer.uninitialized(count: count)
        switch unit {
        case 2: swap(UInt16.self, into: copy)
        case 4: swap(UInt32.self, into: copy)
        case 8: swap(UInt64.self, into: copy)
        default: copy.bytes.copyMemory(from: UnsafeRawBufferPointer(bytes))
        }
        return copy
    }

    /// These bytes, or a copy with every one above 1 made 1: a `Bool` of another pattern is undefined in Swift, while numpy takes it for true.
    ///
    /// - Throws: a `resource` problem when memory is refused.
    package func normalizedBools() throws -> Buffer {
        let isNormal = withUnsafeBytes { bytes in
            // Without a branch per byte, so that it runs at the speed of memory.
            var all: UInt8 = 0
            for byte in bytes { all |= byte }
            return all <= 1
        }
        if isNormal { return self }
        let copy = try Buffer.uninitialized(count: count)
        withUnsafeBytes { source in
            for (index, byte) in source.enumerated() { copy.bytes[index] = byte == 0 ? 0 : 1 }
        }
        return copy
    }
}

extension Buffer {
    /// A buffer that holds these bytes.
    ///
    /// - Throws: a `resource` problem when memory is refused.
    package static func copy(of bytes: [UInt8]) throws -> Buffer {
        let buffer = try Buffer.uninitialized(count: bytes.count)
        buffer.bytes.copyBytes(from: bytes)
        return buffer
    }
}
