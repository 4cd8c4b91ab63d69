#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// One thing that is done beside what the caller does, by a thread of its own.
final class SecondThread: @unchecked Sendable {
    /// Sound to share: written before the thread begins, and when it has been joined.
    private let body: @Sendable () -> Void
    #if canImport(Darwin)
    private var thread: pthread_t!
    #else
    private var thread = pthread_t()
    #endif

    /// - Returns: nil where no thread is to be had.
    init?(_ body: @escaping @Sendable () -> Void) {
        self.body = body
        let context = Unmanaged.passRetained(self).toOpaque()
        #if canImport(Darwin)
        let status = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<SecondThread>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, context)
        #else
        let status = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<SecondThread>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, context)
        #endif
        guard status == 0 else {
            Unmanaged<SecondThread>.fromOpaque(context).release()
            return nil
        }
    }

    /// Waits until it is done.
    func join() { pthread_join(thread, nil) }
}
