/// A run of bytes with an owner: allocated here, mapped from a file, or part of another buffer that it keeps alive.
///
/// Unsafe pointers live here and in the rooms the architecture names; everybody else sees tensors.
public final class Buffer: @unchecked Sendable {
    /// Sound to share: after construction the bytes are only written through a uniquely referenced `Tensor`.
    package let bytes: UnsafeMutableRawBufferPointer
    /// False for mapped and shared bytes: writing goes to a copy.
    let isOwned: Bool
    private let release: () -> Void

    /// Takes over `bytes`, which are written no more; `release` is called once when nobody needs them any more.
    package init(bytes: UnsafeMutableRawBufferPointer, release: @escaping () -> Void) {
        self.bytes = bytes
        self.isOwned = false
        self.release = release
    }

    private init(owned bytes: UnsafeMutableRawBufferPointer) {
        self.bytes = bytes
        isOwned = true
        release = { free(bytes.baseAddress!) }
    }

    /// Memory of its own, aligned to 64 bytes, whose content the caller writes before anyone reads it. Untouched pages cost nothing yet.
    ///
    /// - Throws: a `resource` problem when memory is refused.
    package static func uninitialized(count: Int) throws -> Buffer {
        guard let memory = allocate(Buffer.room(count), alignment: 64) else {
            throw KerasError(.resource, "memory was refused", found: "\(count) bytes")
        }
        return Buffer(owned: UnsafeMutableRawBufferPointer(start: memory, count: count))
    }

    /// Zeroed memory of its own, aligned to 64 bytes.
    ///
    /// - Throws: a `resource` problem when memory is refused, where an array would trap.
    package convenience init(count: Int) throws {
        guard let memory = allocateZeroed(Buffer.room(count), alignment: 64) else {
            throw KerasError(.resource, "memory was refused", found: "\(count) bytes")
        }
        self.init(owned: UnsafeMutableRawBufferPointer(start: memory, count: count))
    }

    /// Up to a multiple of 64, so that whole vectors may be read.
    private static func room(_ count: Int) -> Int { max((count + 63) / 64 * 64, 64) }

    deinit { release() }

    public var count: Int { bytes.count }

    package func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(bytes))
    }
}
