import KerasModel
private import Synchronization
import Tensors

/// A model's weights at one moment, ready to predict: plans for the shapes that come up, all sharing what was packed once.
package final class Predictor: Sendable {
    private let weights: [WeightID: Tensor]
    private let options: RuntimeOptions
    private let lower: @Sendable ([Shape]) throws -> OpGraph
    private let store = ConstantStore()
    private let cache = Mutex(Cache())

    /// - Parameter lower: the graph for these input shapes, the batch included.
    package init(
        weights: [WeightID: Tensor], options: RuntimeOptions, lower: @escaping @Sendable (_ inputShapes: [Shape]) throws -> OpGraph
    ) {
        self.weights = weights
        self.options = options
        self.lower = lower
    }

    /// Runs a batch: inputs `(n, …)` of the graph's input types, outputs `(n, …)`.
    ///
    /// The batch is run in pieces small enough for their activations to stay in the cache, several at a time. How it is cut hangs
    /// on the model and `batchSize` (no piece is larger) alone, so that every number of threads gives the same bits.
    package func predict(_ inputs: [Tensor], batchSize: Int? = nil) throws -> [Tensor] {
        guard let samples = try sampleCount(inputs) else { return try executable(inputs.map(\.shape)).run(inputs) }
        if samples == 0 { return try emptyOutputs(inputs) }
        guard let most = try pieceSize(inputs, samples: samples, batchSize: batchSize) else {
            return try executable(inputs.map(\.shape)).run(inputs)
        }
        return try run(inputs, samples: samples, piece: min(most, samples))
    }

    /// The common length of the inputs' first axes; nil if the model has no inputs or they have no axes.
    private func sampleCount(_ inputs: [Tensor]) throws -> Int? {
        guard let samples = inputs.first?.shape.dims.first, inputs.allSatisfy({ $0.rank > 0 }) else { return nil }
        guard inputs.allSatisfy({ $0.shape[0] == samples }) else {
            throw KerasError(
                .mismatch, "inputs have different numbers of samples", found: inputs.map { "\($0.shape[0])" }.joined(separator: ", "))
        }
        return samples
    }

    private func emptyOutputs(_ inputs: [Tensor]) throws -> [Tensor] {
        let graph = try lower(inputs.map { $0.shape.with(samples: 1) })
        return try graph.outputs.map { output in
            let value = graph.values[output]
            return try Tensor(zeros: value.shape.rank > 0 ? value.shape.with(samples: 0) : value.shape, dtype: value.dtype)
        }
    }

    // MARK: Pieces

    private func run(_ inputs: [Tensor], samples: Int, piece: Int) throws -> [Tensor] {
        let (whole, rest) = (samples / piece, samples % piece)
        let plan = try executable(inputs.map { $0.shape.with(samples: piece) }).plan
        let restPlan = rest == 0 ? plan : try executable(inputs.map { $0.shape.with(samples: rest) }).plan
        let sources = try plan.held(inputs)
        let rows = plan.outputShapes.map { $0[0] / piece * samples }
        let targets = try plan.makeOutputs(rows: rows)
        let sourceBytes = sources.map { $0.byteCount / samples }
        let targetBytes = targets.map { $0.byteCount / samples }
        let problems = Mutex<[Int: KerasError]>([:])
        WorkerPool.shared.run(whole + (rest > 0 ? 1 : 0), threads: options.threads) { task in
            do throws(KerasError) {
                let first = task * piece
                let from = sources.indices.map { sources[$0].address + first * sourceBytes[$0] }
                let to = targets.indices.map { UnsafeMutableRawPointer(mutating: targets[$0].address) + first * targetBytes[$0] }
                do {
                    try (task < whole ? plan : restPlan).run(inputs: from, outputs: to)
                } catch let error as KerasError {
                    throw error
                } catch {
                    throw KerasError(.mismatch, "\(error)")
                }
            } catch {
                problems.withLock { $0[task] = error }
            }
        }
        // The first sample's problem, whoever came upon another first.
        if let first = problems.withLock({ problems in problems.min { $0.key < $1.key }?.value }) { throw first }
        return try plan.delivered(targets)
    }

    /// How many samples make a piece; nil if the model must see its batch whole.
    private func pieceSize(_ inputs: [Tensor], samples: Int, batchSize: Int?) throws -> Int? {
        let key = inputs.map { $0.shape.with(samples: 1) }
        if let known = cache.withLock({ $0.pieces[key] }) { return known.limited(to: batchSize) }
        let probe = min(samples, Pieces.usual)
        let graph = try lower(inputs.map { $0.shape.with(samples: probe) })
        let pieces = Pieces(graph, samples: probe)
        cache.withLock { cache in
            if cache.pieces.count >= Cache.limit { cache.pieces.removeAll() }
            cache.pieces[key] = pieces
        }
        // The graph looked at is most often the one that will be run.
        if let size = pieces.limited(to: batchSize), min(size, samples) == probe { try keep(graph) }
        return pieces.limited(to: batchSize)
    }

    // MARK: Plans

    private func executable(_ shapes: [Shape]) throws -> Executable {
        if let known = cache.withLock({ $0.find(shapes) }) { return known }
        return try keep(try lower(shapes))
    }

    @discardableResult private func keep(_ graph: OpGraph) throws -> Executable {
        let made = try Executable(graph: graph, store: store, options: options) { id in
            guard let tensor = self.weights[id] else { throw KerasError(.mismatch, "a weight is missing") }
            return tensor
        }
        cache.withLock { $0.insert(made, for: graph.inputs.map { graph.values[$0].shape }) }
        return made
    }

    private struct Cache {
        static let limit = 16
        var pieces: [[Shape]: Pieces] = [:]
        private var plans: [[Shape]: (executable: Executable, used: Int)] = [:]
        private var clock = 0

        mutating func find(_ shapes: [Shape]) -> Executable? {
            guard let found = plans[shapes] else { return nil }
            clock += 1
            plans[shapes] = (found.executable, clock)
            return found.executable
        }

        /// The plan that was not asked for longest makes room.
        mutating func insert(_ executable: Executable, for shapes: [Shape]) {
            clock += 1
            if plans.count >= Cache.limit, let oldest = plans.min(by: { $0.value.used < $1.value.used }) { plans[oldest.key] = nil }
            plans[shapes] = (executable, clock)
        }
    }
}

/// How large the pieces of a batch are.
enum Pieces {
    /// The model must see its batch whole.
    case whole
    case samples(Int)

    static let usual = 16
    /// Bytes that the activations alive at one moment should not exceed: half a usual second-level cache.
    static let cacheBytes = 512 << 10

    /// - Parameter samples: how many the graph was lowered for.
    init(_ graph: OpGraph, samples: Int) {
        guard BatchAxis.isKept(graph, samples: samples) else {
            self = .whole
            return
        }
        let widest = graph.nodes.reduce(1) { widest, node in
            let activations = node.inputs.filter { if case .node = graph.values[$0].source { true } else { false } } + [node.output]
            return max(widest, activations.reduce(0) { $0 + graph.values[$1].shape.count * 4 } / samples)
        }
        var size = Pieces.usual
        while size > 1, size * widest > Pieces.cacheBytes { size /= 2 }
        self = .samples(size)
    }

    /// The most samples of a piece; nil for the whole batch.
    func limited(to batchSize: Int?) -> Int? {
        switch self {
        case .whole: nil
        case .samples(let size): min(size, max(batchSize ?? size, 1))
        }
    }
}

extension Shape {
    /// The same shape for another number of samples.
    func with(samples: Int) -> Shape { Shape([samples] + dims.dropFirst()) }
}
