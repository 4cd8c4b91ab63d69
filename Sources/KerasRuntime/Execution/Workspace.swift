private import Synchronization
import Tensors

/// A run of a plan that can be made again and again: memory, and where the inputs and outputs are. One caller at a time holds it.
protocol PlanRun: AnyObject, Sendable {
    /// Says where an input or output is, in the type it is held in: inputs first.
    func bind(port: Int, to address: UnsafeMutableRawPointer)
    /// Memory for an input or output that a caller has in another type.
    func staging(port: Int) throws -> UnsafeMutableRawPointer
    /// - Parameter threads: on how many a step may run, the caller's among them.
    func run(threads: Int) throws
}

/// The memory of one run: an arena, and for each worker scratch memory and a table of bases. Kept and used again by later runs.
final class Workspace<T: ComputeScalar>: PlanRun, PoolWork, @unchecked Sendable {
    /// Sound to share: one run at a time holds a workspace; its workers write what is their own.
    private let program: Program<T>
    private let arena: Buffer
    private var workers: [Worker] = []
    private var stagings: [Buffer?]
    /// The step whose parts are handed out.
    private var forked = 0
    private let problem = Mutex<(part: Int, error: any Error)?>(nil)

    private struct Worker {
        let scratch: Buffer
        let bases: UnsafeMutablePointer<UnsafeMutableRawPointer>
    }

    /// - Throws: a `resource` problem when memory is refused.
    init(_ program: Program<T>) throws {
        self.program = program
        let needed = program.arenaBytes + program.scratchBytes
        guard needed <= physicalMemory() else {
            throw KerasError(
                .resource, "the model's activations need more memory than this machine has", found: "\(needed) bytes",
                expected: "at most \(physicalMemory())")
        }
        arena = try Buffer(count: program.arenaBytes)
        stagings = [Buffer?](repeating: nil, count: program.portBytes.count)
        try addWorker()
    }

    deinit { for worker in workers { worker.bases.deallocate() } }

    private func addWorker() throws {
        let scratch = try Buffer(count: program.scratchBytes)
        let ports = program.portBytes.count
        let slots = Location.firstPort + ports + program.constants.count
        let bases = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(capacity: slots)
        bases.initialize(repeating: Workspace.nowhere, count: slots)
        if let start = arena.bytes.baseAddress { bases[Location.arena] = start }
        if let start = scratch.bytes.baseAddress { bases[Location.scratch] = start }
        if let first = workers.first {
            for port in 0..<ports { bases[Location.firstPort + port] = first.bases[Location.firstPort + port] }
        }
        for (index, constant) in program.constants.enumerated() {
            bases[Location.firstPort + ports + index] = UnsafeMutableRawPointer(mutating: constant.address)
        }
        workers.append(Worker(scratch: scratch, bases: bases))
    }

    /// What an empty operand points to: never read.
    private static var nowhere: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: 64)! }

    @specialized(where T == Float)
    func bind(port: Int, to address: UnsafeMutableRawPointer) {
        for slot in 0..<workers.count { workers[slot].bases[Location.firstPort + port] = address }
    }

    func staging(port: Int) throws -> UnsafeMutableRawPointer {
        let buffer = try stagings[port] ?? Buffer(count: program.portBytes[port])
        stagings[port] = buffer
        return buffer.bytes.baseAddress ?? Workspace.nowhere
    }

    private func frame(_ slot: Int) -> Frame<T> { Frame(bases: workers[slot].bases, kernels: program.kernels) }

    @specialized(where T == Float)
    func run(threads: Int) throws {
        if threads > 1, program.hasQuickSteps { WorkerPool.shared.expect(threads) }
        for index in program.steps.indices { try run(step: index, threads: threads) }
    }

    @specialized(where T == Float)
    func run(step index: Int, threads: Int) throws {
        let parts = program.parts[index]
        guard parts > 1, threads > 1, !program.isQuick[index] || WorkerPool.shared.isAwake else {
            return try program.steps[index].runAll(frame(0))
        }
        while workers.count < threads { try addWorker() }
        forked = index
        WorkerPool.shared.run(parts, threads: threads, self)
        // The first part's problem, whichever thread came upon another first.
        if let found = problem.withLock({ found in
            defer { found = nil }
            return found
        }) {
            throw found.error
        }
    }

    @specialized(where T == Float)
    func perform(_ part: Int, slot: Int) {
        do {
            try program.steps[forked].run(frame(slot), part: part)
        } catch {
            problem.withLock { known in
                if known.map({ part < $0.part }) ?? true { known = (part, error) }
            }
        }
    }
}

/// What all runs of a plan have in common.
struct Program<T: ComputeScalar>: Sendable {
    let steps: [any Step<T>]
    /// Of each step.
    let parts: [Int]
    /// Steps with parts that wake no thread.
    let isQuick: [Bool]
    let hasQuickSteps: Bool
    let arenaBytes: Int
    /// For each worker.
    let scratchBytes: Int
    /// Bytes of each input and output as they are held.
    let portBytes: [Int]
    let constants: [Tensor]
    let kernels: T.Kernels

    init(_ builder: PlanBuilder<T>, portBytes: [Int]) {
        steps = builder.steps
        parts = steps.map(\.parts)
        isQuick = zip(builder.info, parts).map { Parts.seconds(flops: $0.flops, bytes: $0.bytes) < Parts.worthwhile && $1 > 1 }
        hasQuickSteps = isQuick.contains(true)
        arenaBytes = builder.arenaBytes
        scratchBytes = builder.scratchBytes
        self.portBytes = portBytes
        constants = builder.constants
        kernels = builder.kernels
    }
}
