#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif
private import Synchronization

/// Threads that wait for work. The caller works too; what is counted is tasks done, never threads that answered, so a thread
/// that comes late costs nothing.
final class WorkerPool: Sendable {
    static let shared = WorkerPool()

    /// One call's tasks. Each call has its own, so that a late thread cannot take a task of the next.
    private final class Job: Sendable {
        let count: Int
        let body: @Sendable (Int) -> Void
        let next = Atomic<Int>(0)
        let done = Atomic<Int>(0)
        /// Threads that may still join.
        let seats: Atomic<Int>

        init(count: Int, helpers: Int, body: @escaping @Sendable (Int) -> Void) {
            self.count = count
            self.body = body
            seats = Atomic(helpers)
        }

        var isDone: Bool { done.load(ordering: .acquiring) == count }

        func work() {
            while true {
                let task = next.add(1, ordering: .relaxed).oldValue
                guard task < count else { return }
                body(task)
                done.add(1, ordering: .acquiringAndReleasing)
            }
        }
    }

    private struct State {
        var job: Job?
        var threads = 0
    }

    private let state = Mutex(State())
    /// Counts jobs, so that a thread sees without a lock that there is a new one.
    private let ticket = Atomic<Int>(0)
    private let sleepers = Sleepers()

    private init() {}

    /// Runs `body` for 0 ..< count on up to `threads` threads, the caller's among them, and returns when all are done.
    func run(_ count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let helpers = min(threads, count) - 1
        guard helpers > 0 else {
            for task in 0..<count { body(task) }
            return
        }
        let job = Job(count: count, helpers: helpers, body: body)
        // If another call has the threads, this one works alone.
        let isAlone = state.withLock { state in
            if state.job != nil { return true }
            state.job = job
            while state.threads < helpers {
                guard startThread() else { break }
                state.threads += 1
            }
            return false
        }
        if isAlone { return job.work() }
        ticket.add(1, ordering: .releasing)
        sleepers.wakeAll()
        job.work()
        var spins = 0
        while !job.isDone {
            spins += 1
            if spins > 20_000 { sched_yield() }
        }
        state.withLock { $0.job = nil }
    }

    private func startThread() -> Bool {
        let seen = ticket.load(ordering: .acquiring)
        return detachThread { self.serve(from: seen) }
    }

    private func serve(from start: Int) {
        var seen = start
        while true {
            // Awake for a while, because the next call often follows at once and a thread asleep comes late to it; then asleep.
            let start = ContinuousClock.now
            var spins = 0
            while ticket.load(ordering: .acquiring) == seen {
                spins += 1
                if spins % 256 == 0, ContinuousClock.now - start > .microseconds(60) {
                    sleepers.wait { self.ticket.load(ordering: .acquiring) == seen }
                }
            }
            seen = ticket.load(ordering: .acquiring)
            guard let job = state.withLock({ $0.job }), job.seats.subtract(1, ordering: .relaxed).oldValue > 0 else { continue }
            job.work()
        }
    }
}

/// Threads asleep on a condition variable.
private final class Sleepers: @unchecked Sendable {
    /// Sound to share: both are made for it, and stay where they are.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let asleep = Atomic<Int>(0)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    func wait(while shouldSleep: () -> Bool) {
        pthread_mutex_lock(mutex)
        asleep.add(1, ordering: .sequentiallyConsistent)
        while shouldSleep() { pthread_cond_wait(condition, mutex) }
        asleep.subtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
    }

    func wakeAll() {
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }
}

/// - Returns: false if the system refuses another thread.
private func detachThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = Unmanaged.passRetained(Box(body))
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    #if canImport(Darwin)
    var thread: pthread_t?
    let status = pthread_create(
        &thread, &attributes,
        {
            Unmanaged<Box>.fromOpaque($0).takeRetainedValue().body(); return nil
        }, box.toOpaque())
    #else
    var thread = pthread_t()
    let status = pthread_create(
        &thread, &attributes,
        {
            Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().body(); return nil
        }, box.toOpaque())
    #endif
    if status != 0 { box.release() }
    return status == 0
}
