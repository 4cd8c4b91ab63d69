#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif
private import Synchronization

/// The checksum of memory that is being filled from its start: formed by a second thread, close behind the one that fills it, so that what
/// both take is hardly more than the filling alone.
final class FollowingChecksum: @unchecked Sendable {
    /// Sound to share: the bytes before ``filled`` are written no more, and `sum` is the thread's alone until it has been joined.
    private let bytes: UnsafeRawBufferPointer
    private let filled = Atomic<Int>(0)
    private let isComplete = Atomic<Bool>(false)
    private var sum: CRC32
    private var thread: SecondThread?

    /// Less is summed up sooner than a thread is there.
    static let worthwhile = 4 << 20

    /// - Parameter sum: of what came before.
    /// - Returns: nil where no thread is to be had.
    init?(_ bytes: UnsafeMutableRawBufferPointer, after sum: CRC32) {
        (self.bytes, self.sum) = (UnsafeRawBufferPointer(bytes), sum)
        // Kept alive by its thread until that has been joined.
        thread = SecondThread { [self] in follow() }
        if thread == nil { return nil }
    }

    /// Says that so many bytes are there.
    func advance(to count: Int) { filled.store(count, ordering: .releasing) }

    /// Waits for the thread. No more bytes come.
    func finish() -> CRC32 {
        isComplete.store(true, ordering: .releasing)
        thread?.join()
        thread = nil
        return sum
    }

    private func follow() {
        var done = 0
        while true {
            // In this order: what was filled before the end was told is seen.
            let isLast = isComplete.load(ordering: .acquiring)
            let ready = filled.load(ordering: .acquiring)
            if ready > done {
                sum.update(UnsafeRawBufferPointer(rebasing: bytes[done..<ready]))
                done = ready
            } else if isLast {
                return
            } else {
                usleep(50)
            }
        }
    }
}
