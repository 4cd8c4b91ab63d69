import KerasModel
private import Synchronization
import Tensors

/// A graph made ready: steps in order, every operand in its place.
final class Plan<T: ComputeScalar>: Sendable {
    /// What a step is and what it moves, for profiles and for how the work is shared out.
    struct StepInfo: Sendable {
        let layer: String
        let op: String
        let flops: Double
        let bytes: Double
    }

    let inputs: [Port]
    let outputs: [Port]
    let info: [StepInfo]
    let work: Workload
    private let program: Program<T>
    private let threads: Int
    /// Workspaces nobody uses at the moment.
    private let idle = Mutex<[Workspace<T>]>([])

    init(_ draft: Draft, store: ConstantStore, options: RuntimeOptions) throws {
        let kernels = try T.kernels(options)
        var draft = draft
        if !options.reference { draft.improve(store, fusions: options.fusions) }
        var builder = PlanBuilder<T>(draft, store: store, options: options, kernels: kernels)
        try builder.build()
        func port(_ value: Draft.ValueID) -> Port {
            let (shape, dtype) = (draft.values[value].shape, draft.values[value].dtype)
            return Port(shape: shape, dtype: dtype, held: dtype.isStoredAsInteger ? .int32 : T.dtype)
        }
        inputs = draft.inputs.map(port)
        outputs = draft.outputs.map(port)
        info = builder.info
        threads = options.threads
        program = Program(builder, portBytes: (inputs + outputs).map(\.heldBytes))
        let seconds = info.map { Parts.seconds(flops: $0.flops, bytes: $0.bytes) }
        work = Workload(Array(zip(seconds, program.parts)), threads: threads)
    }

    var arenaBytes: Int { program.arenaBytes }
    var scratchBytes: Int { program.scratchBytes }
    /// Of each step.
    var parts: [Int] { program.parts }
}

/// What a run of a plan is guessed to take.
struct Workload: Sendable {
    /// On one thread.
    var alone: Double
    /// With the steps' parts shared out among all threads.
    var forked: Double

    init(_ steps: [(seconds: Double, parts: Int)], threads: Int) {
        alone = steps.reduce(0) { $0 + $1.seconds }
        forked = steps.reduce(0) { sum, step in
            let rounds = (step.parts + threads - 1) / threads
            return sum + step.seconds * Double(rounds) / Double(step.parts) + (step.parts > 1 ? Workload.fork : 0)
        }
    }

    /// What handing out a step's parts costs.
    private static let fork = 2e-6
}

/// A plan of either scalar.
protocol RunnablePlan: Sendable {
    var inputs: [Port] { get }
    var outputs: [Port] { get }
    var work: Workload { get }
    func take() throws -> any PlanRun
    /// Gives a run back, for the next who takes one.
    func put(_ run: any PlanRun)
    /// How long each step takes.
    func profile(_ inputs: [Tensor]) throws -> [(layer: String, op: String, seconds: Double, flops: Double, bytes: Double)]
}

extension Plan: RunnablePlan {
    func take() throws -> any PlanRun { try takeWorkspace() }

    func put(_ run: any PlanRun) {
        // Every run of this plan is one; asking at run time would cost as much as a small step.
        let workspace = unsafeDowncast(run, to: Workspace<T>.self)
        idle.withLock { $0.append(workspace) }
    }

    private func takeWorkspace() throws -> Workspace<T> { try idle.withLock { $0.popLast() } ?? Workspace(program) }

    func profile(_ inputs: [Tensor]) throws -> [(layer: String, op: String, seconds: Double, flops: Double, bytes: Double)] {
        let workspace = try takeWorkspace()
        defer { put(workspace) }
        let outputs = try makeOutputs()
        return try bound(workspace, inputs, outputs) {
            let clock = ContinuousClock()
            return try info.enumerated().map { index, info in
                let time = try clock.measure { try workspace.run(step: index, threads: threads) }
                return (info.layer, info.op, Double(seconds: time), info.flops, info.bytes)
            }
        }
    }
}

extension RunnablePlan {
    /// Runs once, on whole tensors.
    func run(_ inputs: [Tensor], threads: Int = 1) throws -> [Tensor] {
        let run = try take()
        defer { put(run) }
        let outputs = try makeOutputs()
        try bound(run, inputs, outputs) { try run.run(threads: threads) }
        return outputs
    }

    /// Runs once more in memory that is kept, into tensors that are kept.
    func run(_ run: any PlanRun, _ inputs: [Tensor], into outputs: [Tensor], threads: Int) throws {
        try bound(run, inputs, outputs) { try run.run(threads: threads) }
    }

    func makeOutputs() throws -> [Tensor] { try outputs.map { try Tensor(zeros: $0.shape, dtype: $0.dtype) } }

    /// Calls `body` with every port bound, and delivers the outputs.
    fileprivate func bound<R>(_ run: any PlanRun, _ sources: [Tensor], _ targets: [Tensor], _ body: () throws -> R) throws -> R {
        for (port, source) in sources.enumerated() {
            let address = try inputs[port].held(source, 0..<1, of: 1) { try run.staging(port: port) }
            run.bind(port: port, to: UnsafeMutableRawPointer(mutating: address))
        }
        for (index, target) in targets.enumerated() {
            let port = inputs.count + index
            run.bind(port: port, to: outputs[index].isHeldAsIs ? target.mutableAddress : try run.staging(port: port))
        }
        let result = try body()
        for (index, target) in targets.enumerated() where !outputs[index].isHeldAsIs {
            try outputs[index].deliver(try run.staging(port: inputs.count + index), target.mutableAddress, count: target.count)
        }
        withExtendedLifetime((sources, targets)) {}
        return result
    }
}

extension Tensor {
    /// For a tensor that was made here to be written.
    var mutableAddress: UnsafeMutableRawPointer { UnsafeMutableRawPointer(mutating: address) }
    /// The same for one of float32.
    var numbers: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: mutableAddress.assumingMemoryBound(to: Float.self), count: count)
    }
}
