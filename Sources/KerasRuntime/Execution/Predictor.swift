import KerasModel
private import Synchronization
import Tensors

/// A model's weights at one moment, ready to predict: plans for the shapes that come up, all sharing what was packed once.
package final class Predictor: Sendable {
    private let weights: [WeightID: Tensor]
    private let options: RuntimeOptions
    private let fit: @Sendable ([Shape]) throws -> [Shape]
    private let lower: @Sendable ([Shape]) throws -> OpGraph
    private let store = ConstantStore()
    private let cache = Mutex(Cache())

    /// - Parameters:
    ///   - fit: the shapes that data of these shapes is read as.
    ///   - lower: the graph for these input shapes, the batch included.
    package init(
        weights: [WeightID: Tensor], options: RuntimeOptions, fit: @escaping @Sendable (_ dataShapes: [Shape]) throws -> [Shape] = { $0 },
        lower: @escaping @Sendable (_ inputShapes: [Shape]) throws -> OpGraph
    ) {
        self.weights = weights
        self.options = options
        self.fit = fit
        self.lower = lower
    }

    /// Runs a batch: inputs `(n, …)`, which are cast to the graph's input types, outputs `(n, …)`.
    ///
    /// The batch is run in pieces small enough for their activations to stay in the cache: several side by side, or one after the other
    /// with each step shared out. How it is cut hangs on the model and `batchSize` (no piece is larger) alone, and no number hangs on the
    /// cut: every number of threads gives the same bits.
    package func predict(_ inputs: [Tensor], batchSize: Int? = nil) throws -> [Tensor] {
        try inputs.withUnsafeBufferPointer { inputs in
            let route = try route(for: inputs, batchSize)
            let outputs = try route.outputs.map { try Tensor(zeros: $0.shape, dtype: $0.dtype) }
            try route.run(inputs, threads: options.threads) { outputs[$0].mutableAddress }
            withExtendedLifetime(outputs) {}
            return outputs
        }
    }

    /// Runs a batch and writes its outputs to memory the caller has: after the first call with these shapes, nothing is allocated.
    ///
    /// - Throws: a `mismatch` problem for an output of another shape or type than the model gives, or whose memory others share.
    package func predict(_ inputs: [Tensor], into outputs: inout [Tensor], batchSize: Int? = nil) throws {
        try inputs.withUnsafeBufferPointer { inputs in
            try outputs.withUnsafeMutableBufferPointer { try predict(inputs, into: $0, batchSize) }
        }
    }

    /// The same for one input and one output.
    package func predict(_ input: Tensor, into output: inout Tensor, batchSize: Int? = nil) throws {
        try withUnsafePointer(to: input) { input in
            try withUnsafeMutablePointer(to: &output) { output in
                try predict(
                    UnsafeBufferPointer(start: input, count: 1), into: UnsafeMutableBufferPointer(start: output, count: 1), batchSize)
            }
        }
    }

    private func predict(
        _ inputs: UnsafeBufferPointer<Tensor>, into outputs: UnsafeMutableBufferPointer<Tensor>, _ batchSize: Int?
    ) throws {
        let route = try route(for: inputs, batchSize)
        guard outputs.count == route.outputs.count else {
            throw KerasError(
                .mismatch, "the model has another number of outputs", found: "\(outputs.count)", expected: "\(route.outputs.count)")
        }
        try route.run(inputs, threads: options.threads) { try outputs[$0].address(forWriting: route.outputs[$0]) }
    }

    // MARK: Routes

    private func route(for inputs: UnsafeBufferPointer<Tensor>, _ batchSize: Int?) throws -> Route {
        if let known = cache.withLock({ $0.route(for: inputs, batchSize) }) { return known }
        let key = Route.Key(shapes: inputs.map(\.shape), dtypes: inputs.map(\.dtype), batchSize: batchSize)
        let made = try makeRoute(key)
        cache.withLock { $0.insert(made) }
        return made
    }

    private func makeRoute(_ key: Route.Key) throws -> Route {
        let shapes = try fit(key.shapes)
        for dtype in key.dtypes where !dtype.isNumeric {
            throw KerasError(.unsupported, "elements of this type are not numbers", found: "\(dtype)")
        }
        guard let samples = try sampleCount(shapes), samples > 0 else { return try uncut(key, shapes) }
        let pieces = try self.pieces(shapes, samples: samples)
        guard let most = pieces.limited(to: key.batchSize) else { return try uncut(key, shapes) }
        let piece = min(most, samples)
        let plan = try executable(shapes.map { $0.with(samples: piece) }).plan
        let rest = samples % piece
        let stage = Route.Stage(
            piece: piece, plan: plan, restPlan: rest == 0 ? plan : try executable(shapes.map { $0.with(samples: rest) }).plan,
            inputs: shapes.indices.map { .input($0) }, outputs: plan.outputs.indices.map { .output($0) })
        let outputs = try plan.outputs.map { port in
            (shape: try Shape(checking: [port.shape[0] / piece * samples] + port.shape.dims.dropFirst()), dtype: port.dtype)
        }
        return Route(key, samples: samples, stages: [stage], outputs: outputs, group: samples)
    }

    /// The whole batch at once, as if it were one sample; or none.
    private func uncut(_ key: Route.Key, _ shapes: [Shape]) throws -> Route {
        if try sampleCount(shapes) == 0 {
            let graph = try lower(shapes.map { $0.with(samples: 1) })
            let outputs = graph.outputs.map { output in
                let value = graph.values[output]
                return (shape: value.shape.rank > 0 ? value.shape.with(samples: 0) : value.shape, dtype: value.dtype)
            }
            return Route(key, samples: 0, stages: [], outputs: outputs, group: 1)
        }
        let plan = try executable(shapes).plan
        let stage = Route.Stage(
            piece: 1, plan: plan, restPlan: plan, inputs: shapes.indices.map { .input($0) },
            outputs: plan.outputs.indices.map { .output($0) })
        return Route(key, samples: 1, stages: [stage], outputs: plan.outputs.map { ($0.shape, $0.dtype) }, group: 1)
    }

    /// The common length of the inputs' first axes; nil if the model has no inputs or they have no axes.
    private func sampleCount(_ shapes: [Shape]) throws -> Int? {
        guard let samples = shapes.first?.dims.first, shapes.allSatisfy({ $0.rank > 0 }) else { return nil }
        guard shapes.allSatisfy({ $0[0] == samples }) else {
            throw KerasError(
                .mismatch, "inputs have different numbers of samples", found: shapes.map { "\($0[0])" }.joined(separator: ", "))
        }
        return samples
    }

    /// How many samples make a piece.
    private func pieces(_ shapes: [Shape], samples: Int) throws -> Pieces {
        let key = shapes.map { $0.with(samples: 1) }
        if let known = cache.withLock({ $0.pieces[key] }) { return known }
        let probe = min(samples, Pieces.usual)
        let graph = try lower(shapes.map { $0.with(samples: probe) })
        let pieces = Pieces(graph, samples: probe)
        cache.withLock { cache in
            if cache.pieces.count >= Cache.limit { cache.pieces.removeAll() }
            cache.pieces[key] = pieces
        }
        return pieces
    }

    // MARK: Plans

    private func executable(_ shapes: [Shape]) throws -> Executable {
        if let known = cache.withLock({ $0.find(shapes) }) { return known }
        let made = try Executable(graph: try lower(shapes), store: store, options: options) { id in
            guard let tensor = self.weights[id] else { throw KerasError(.mismatch, "a weight is missing") }
            return tensor
        }
        cache.withLock { $0.insert(made, for: shapes) }
        return made
    }

    private struct Cache {
        static let limit = 16
        var pieces: [[Shape]: Pieces] = [:]
        private var plans: [[Shape]: (executable: Executable, used: Int)] = [:]
        private var clock = 0
        /// The one used last comes first.
        private var routes: [Route] = []

        mutating func route(for inputs: UnsafeBufferPointer<Tensor>, _ batchSize: Int?) -> Route? {
            guard let index = routes.firstIndex(where: { $0.serves(inputs, batchSize: batchSize) }) else { return nil }
            if index > 0 { routes.insert(routes.remove(at: index), at: 0) }
            return routes[0]
        }

        mutating func insert(_ route: Route) {
            if routes.count >= Cache.limit { routes.removeLast() }
            routes.insert(route, at: 0)
        }

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

extension Tensor {
    /// Where the elements of an output are to be written.
    ///
    /// - Throws: a `mismatch` problem if it is not what the model gives, or its memory is shared.
    fileprivate mutating func address(forWriting expected: (shape: Shape, dtype: DType)) throws -> UnsafeMutableRawPointer {
        guard shape == expected.shape, dtype == expected.dtype else {
            throw KerasError(
                .mismatch, "a tensor to be written has another shape or type than the model gives", found: "\(dtype) \(shape)",
                expected: "\(expected.dtype) \(expected.shape)")
        }
        guard let address = uniqueAddress() else {
            throw KerasError(
                .mismatch, "a tensor to be written shares its memory", found: "a view, or a copy of another tensor",
                expected: "a tensor of its own, as Tensor(zeros:) makes it")
        }
        return address
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
