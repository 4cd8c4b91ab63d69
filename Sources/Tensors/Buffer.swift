/// A run of bytes with an owner: allocated here, mapped from a file, or part of another buffer that it keeps alive.
///
/// Unsafe pointers live here and in the rooms the architecture names; everybody else sees tensors.
public final class Buffer: @unchecked Sendable {
    /// Sound to share: after construction the bytes are only written through a uniquely referenced `Tensor`.
    package let bytes: UnsafeMutableRawBufferPointer
    /// False for mapped and shared bytes: writing goes to a copy.
    let isOwned: Bool
    private let release: () -> Void

    /// Takes over `bytes`; `release` is called once when nobody needs them any more.
    package init(bytes: UnsafeMutableRawBufferPointer, release: @escaping () -> Void) {
        self.bytes = bytes
        self.isOwned = false
        self.release = release
    }

    /// Zeroed memory of its own, aligned to 64 bytes.
    ///
    /// - Throws: a `resource` problem when memory is refused, where an array would trap.
    package init(count: Int) throws {
        let alignment = 64
        let size = max((count + alignment - 1) / alignment * alignment, alignment)
        guard let memory = allocateZeroed(size, alignment: alignment) else {
            throw KerasError(.resource, "memory was refused", found: "\(count) bytes")
        }
        bytes = UnsafeMutableRawBufferPointer(start: memory, count: count)
        isOwned = true
        release = { free(memory) }
    }

    deinit { release() }

    public var count: Int { bytes.count }

    package func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(bytes))
    }
}
