private import Synchronization
import Tensors

/// How batches of certain shapes and types go through a model. Made once, so that a call with shapes that have been seen allocates nothing.
final class Route: Sendable {
    /// What it was made for.
    struct Key: Hashable, Sendable {
        var shapes: [Shape]
        var dtypes: [DType]
        var batchSize: Int?
    }

    /// A stretch of the network that runs in pieces of one size.
    struct Stage: Sendable {
        /// Samples of a piece, and what is left over at the end of the batch.
        let piece: Int
        let plan: any RunnablePlan
        let restPlan: any RunnablePlan
        let inputs: [Place]
        let outputs: [Place]
    }

    /// Where a stage finds or leaves a value.
    enum Place: Hashable, Sendable {
        case input(Int)
        case output(Int)
        /// Memory between two stages.
        case between(Int)
    }

    let key: Key
    let samples: Int
    let stages: [Stage]
    /// As a caller sees them, for the whole batch.
    let outputs: [(shape: Shape, dtype: DType)]
    /// Samples that go through all stages before the next ones begin: whole pieces of every stage.
    let group: Int
    private let idle = Mutex<[BatchRun]>([])

    init(_ key: Key, samples: Int, stages: [Stage], outputs: [(shape: Shape, dtype: DType)], group: Int) {
        (self.key, self.samples, self.stages, self.outputs, self.group) = (key, samples, stages, outputs, max(group, 1))
    }

    func serves(_ inputs: UnsafeBufferPointer<Tensor>, batchSize: Int?) -> Bool {
        guard key.batchSize == batchSize, key.shapes.count == inputs.count else { return false }
        for index in 0..<inputs.count where inputs[index].shape != key.shapes[index] || inputs[index].dtype != key.dtypes[index] {
            return false
        }
        return true
    }

    /// Runs the batch: `targets[i]` is memory for output i as a caller sees it.
    func run(_ inputs: UnsafeBufferPointer<Tensor>, threads: Int, targets: (Int) throws -> UnsafeMutableRawPointer) throws {
        guard samples > 0 else { return }
        let run = try idle.withLock { $0.popLast() } ?? BatchRun(self)
        defer { idle.withLock { $0.append(run) } }
        for output in outputs.indices { run.targets[output] = try targets(output) }
        try run.run(self, inputs, threads: threads)
    }
}
