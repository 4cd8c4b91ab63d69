#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif
internal import CKernels
private import Synchronization

/// What a pool runs. An object that is used again and again, so that handing work over allocates nothing.
protocol PoolWork: AnyObject, Sendable {
    /// - Parameter slot: the worker: 0 is the caller. Two tasks that run at once never have the same.
    func perform(_ task: Int, slot: Int)
}

/// Threads that wait for work. The caller works too; what is counted is tasks done, never threads that answered, so a thread
/// that comes late costs nothing.
///
/// The caller takes tasks from the front, the first helper from the back, and so in turn: a thread that works on the first half of an image
/// in one step does so in the next, and finds there what its own cache holds.
///
/// A task is claimed by stepping one word that holds the job's number and how many are taken from either end. Between jobs the number is
/// even: it is stepped before the next job's figures are written and again after, so a thread that comes late with the figures of another
/// job finds the word changed and claims nothing.
final class WorkerPool: @unchecked Sendable {
    static let shared = WorkerPool()

    /// Held by the caller whose job it is.
    private let isTaken = Atomic<Bool>(false)
    private let ticket = Atomic<UInt64>(0)
    private let count = Atomic<Int>(0)
    /// Threads that may help: those numbered 1 ... helpers.
    private let helpers = Atomic<Int>(0)
    private let done = Atomic<Int>(0)
    /// Sound to share: written while no task can be claimed, read by those who hold one.
    private var work: (any PoolWork)?
    /// Threads there are.
    private let started = Atomic<Int>(0)
    private let sleepers = Sleepers()
    /// When somebody expected help last, in nanoseconds; and how often threads were woken for what is to come.
    private let expected = Atomic<Int64>(.min / 2)
    private let alarms = Atomic<Int>(0)

    /// The ticket's parts: tasks taken from the front, tasks taken from the back, the job's number.
    private static let (front, back, job): (UInt64, UInt64, UInt64) = (1, 1 << 20, 1 << 40)
    /// Of one job.
    private static let mostTasks = (1 << 20) - 1

    private init() {}

    /// Runs tasks 0 ..< count on up to `threads` threads, the caller's among them, and returns when all are done.
    func run(_ count: Int, threads: Int, _ work: some PoolWork) {
        let helpers = min(threads, count) - 1
        // If another call has the threads, this one works alone.
        guard helpers > 0, count <= WorkerPool.mostTasks,
            isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
        else {
            for task in 0..<count { work.perform(task, slot: 0) }
            return
        }
        start(helpers)
        self.work = work
        self.count.store(count, ordering: .releasing)
        self.helpers.store(helpers, ordering: .releasing)
        done.store(0, ordering: .relaxed)
        let open = (ticket.load(ordering: .relaxed) &+ WorkerPool.job) & ~(WorkerPool.job - 1)
        // In one order with a thread's counting itself asleep: either it sees this job, or it is seen to sleep.
        ticket.store(open, ordering: .sequentiallyConsistent)
        sleepers.wakeAll()
        while let task = claim(slot: 0, job: open) { finish(task, work, slot: 0) }
        var spins = 0
        while done.load(ordering: .acquiring) != count {
            spins += 1
            if spins > 4096 { sched_yield() } else { kk_pause() }
        }
        ticket.store(open &+ WorkerPool.job, ordering: .releasing)
        self.work = nil
        isTaken.store(false, ordering: .releasing)
    }

    /// Whether a thread would see a job at once.
    var isAwake: Bool { sleepers.count < started.load(ordering: .relaxed) }

    /// Says that jobs are to come which are not worth waking a thread for. Where one such call follows the other, it is.
    func expect(_ threads: Int) {
        let now = ContinuousClock.nanoseconds
        let last = expected.exchange(now, ordering: .relaxed)
        guard now - last < WorkerPool.patience, !isAwake,
            isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
        else { return }
        start(threads - 1)
        alarms.add(1, ordering: .sequentiallyConsistent)
        sleepers.wakeAll()
        isTaken.store(false, ordering: .releasing)
    }

    /// Only for who has taken the pool.
    private func start(_ helpers: Int) {
        while started.load(ordering: .relaxed) < helpers, startThread(started.load(ordering: .relaxed) + 1) {
            started.add(1, ordering: .relaxed)
        }
    }

    /// The next task of this job; nil if there is none left, or another job has begun.
    private func claim(slot: Int, job: UInt64) -> Int? {
        let isFront = slot % 2 == 0
        var now = ticket.load(ordering: .acquiring)
        while now & ~(WorkerPool.job - 1) == job {
            let front = Int(now & (WorkerPool.back - 1))
            let back = Int((now & (WorkerPool.job - 1)) / WorkerPool.back)
            // Whoever sees the next job's figures here also sees that the word has changed.
            let count = count.load(ordering: .acquiring)
            guard front + back < count, slot <= helpers.load(ordering: .acquiring) else { return nil }
            let (exchanged, found) = ticket.compareExchange(
                expected: now, desired: now + (isFront ? WorkerPool.front : WorkerPool.back), ordering: .acquiringAndReleasing)
            if exchanged { return isFront ? front : count - 1 - back }
            now = found
        }
        return nil
    }

    private func finish(_ task: Int, _ work: some PoolWork, slot: Int) {
        work.perform(task, slot: slot)
        done.add(1, ordering: .acquiringAndReleasing)
    }

    private func startThread(_ slot: Int) -> Bool { detachThread { self.serve(slot) } }

    /// How many nanoseconds a thread stays awake: the next job often follows at once, and a thread asleep comes late to it.
    private static let patience: Int64 = 200_000

    private func serve(_ slot: Int) -> Never {
        var job: UInt64 = 0
        while true {
            job = next(after: job)
            while let task = claim(slot: slot, job: job) {
                guard let work else { break }
                finish(task, work, slot: slot)
            }
        }
    }

    /// Waits for a job that this thread has not tried yet.
    private func next(after seen: UInt64) -> UInt64 {
        var (start, spins) = (ContinuousClock.nanoseconds, 0)
        while true {
            if let job = news(after: seen) { return job }
            kk_pause()
            spins += 1
            guard spins % 128 == 0, ContinuousClock.nanoseconds - start > WorkerPool.patience else { continue }
            let heard = alarms.load(ordering: .sequentiallyConsistent)
            sleepers.wait { news(after: seen) == nil && alarms.load(ordering: .sequentiallyConsistent) == heard }
            start = ContinuousClock.nanoseconds
        }
    }

    private func news(after seen: UInt64) -> UInt64? {
        let job = ticket.load(ordering: .sequentiallyConsistent) & ~(WorkerPool.job - 1)
        return job != seen && job & WorkerPool.job != 0 ? job : nil
    }
}

extension WorkerPool {
    /// For who waits for another thread that is at work.
    static func pause(_ spins: inout Int) {
        spins += 1
        if spins > 4096 { sched_yield() } else { kk_pause() }
    }
}

/// Work written as a closure, for calls that are rare enough to allocate.
private final class ClosureWork: PoolWork {
    private let body: @Sendable (_ task: Int, _ slot: Int) -> Void
    init(_ body: @escaping @Sendable (Int, Int) -> Void) { self.body = body }
    func perform(_ task: Int, slot: Int) { body(task, slot) }
}

extension WorkerPool {
    func run(_ count: Int, threads: Int, _ body: @escaping @Sendable (_ task: Int, _ slot: Int) -> Void) {
        run(count, threads: threads, ClosureWork(body))
    }
}

extension ContinuousClock {
    /// Since some beginning.
    fileprivate static var nanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
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
        // Asked after being counted: see `wakeAll`.
        while shouldSleep() { pthread_cond_wait(condition, mutex) }
        asleep.subtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
    }

    var count: Int { asleep.load(ordering: .relaxed) }

    /// Costs nothing while all are awake.
    func wakeAll() {
        guard asleep.load(ordering: .sequentiallyConsistent) > 0 else { return }
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
