import Synchronization

#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// Ctrl-C, for commands that have something to finish first.
enum Signals {
    private static let interrupted = Atomic<Bool>(false)

    /// From now on the first Ctrl-C is only noted; the second ends the command as usual.
    static func catchInterrupt() {
        interrupted.store(false, ordering: .relaxed)
        signal(SIGINT) { _ in
            Signals.interrupted.store(true, ordering: .relaxed)
            signal(SIGINT, SIG_DFL)
        }
    }

    static var isInterrupted: Bool { interrupted.load(ordering: .relaxed) }
}
