private import Synchronization
import Testing

@testable import KerasRuntime

@Suite struct WorkerPoolTests {
    @Test func everyTaskIsDoneOnce() {
        for count in [0, 1, 2, 3, 100] {
            for threads in [1, 2, 4, 9] {
                for _ in 0..<200 {
                    let done = Mutex([Int](repeating: 0, count: count))
                    WorkerPool.shared.run(count, threads: threads) { task, _ in done.withLock { $0[task] += 1 } }
                    #expect(done.withLock { $0 } == [Int](repeating: 1, count: count))
                }
            }
        }
    }

    /// A slot stands for memory that two tasks must not share.
    @Test func noSlotIsUsedTwiceAtOnce() {
        final class Slots: PoolWork {
            let inUse = Mutex(Set<Int>())
            let clashes = Atomic<Int>(0)
            let most = 3

            func perform(_ task: Int, slot: Int) {
                let isNew = inUse.withLock { $0.insert(slot).inserted }
                if !isNew || slot >= most { clashes.add(1, ordering: .relaxed) }
                for _ in 0..<200 { clashes.add(0, ordering: .relaxed) }
                inUse.withLock { _ = $0.remove(slot) }
            }
        }
        let slots = Slots()
        // Of changing sizes: a thread that comes late must not take a task of the next run.
        for round in 0..<2000 { WorkerPool.shared.run(1 + round % 7, threads: slots.most, slots) }
        #expect(slots.clashes.load(ordering: .relaxed) == 0)
    }

    /// The pool serves one call at a time; the others work alone, within a task too.
    @Test func runsWithinRunsAndBesideThem() async {
        final class Sum: Sendable { let value = Atomic<Int>(0) }
        let sum = Sum()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<100 {
                        WorkerPool.shared.run(5, threads: 3) { _, _ in
                            WorkerPool.shared.run(4, threads: 2) { task, _ in sum.value.add(task, ordering: .relaxed) }
                        }
                    }
                }
            }
        }
        #expect(sum.value.load(ordering: .relaxed) == 4 * 100 * 5 * 6)
    }

    @Test func partsCoverTheirUnitsOnce() {
        for units in [0, 1, 7, 100, 12345] {
            for seconds in [0, 2e-6, 40e-6, 60e-6, 1e-3, 1] {
                let parts = Parts(units, flops: seconds * 100e9, bytes: 0)
                #expect((0..<parts.count).flatMap { Array(parts[$0]) } == Array(0..<units))
                #expect(parts.count == 1 || (seconds > 3e-6 && parts.count <= units))
                // What wakes no thread is in few parts.
                #expect(parts.count <= 4 || seconds > 50e-6)
            }
        }
        #expect(Parts(1000, flops: 1e9, bytes: 0).count > 100)
    }
}
