// One file, a little over 300 lines: what is kept of plans and routes is private to those who predict by them.

import KerasModel
private import Synchronization
import Tensors

/// A model's weights at one moment, ready to predict: plans for the shapes that come up, all sharing what was packed once.
package final class Predictor: Sendable {
    private let weights: [WeightID: Tensor]
    private let options: RuntimeOptions
    private let fit: @Sendable ([Shape]) throws -> [Shape]
    private let lower: @Sendable ([Shape]) throws -> OpGraph
    /// Set for a model with stateful layers, whose batches go through whole.
    private let states: RecurrentStates?
    /// What such a model is lowered to, where that is not the model as it predicts.
    private let lowerStateful: (@Sendable ([Shape]) throws -> LoweredModel)?
    /// Set for a model with layers that look into the data, which goes through in batches of Keras's.
    private let read: (@Sendable ([Tensor]) throws -> Reading)?
    private let store = ConstantStore()
    private let cache = Mutex(Cache())

    /// - Parameters:
    ///   - lowerStateful: what a model with `states` is lowered to; nil for the model as it predicts.
    ///   - read: what layers find in a batch, and the inputs that the graph takes of it.
    ///   - fit: the shapes that data of these shapes is read as.
    ///   - lower: the graph for these input shapes, the batch included.
    package init(
        weights: [WeightID: Tensor], options: RuntimeOptions, states: RecurrentStates? = nil,
        lowerStateful: (@Sendable ([Shape]) throws -> LoweredModel)? = nil,
        read: (@Sendable (_ batch: [Tensor]) throws -> Reading)? = nil,
        fit: @escaping @Sendable (_ dataShapes: [Shape]) throws -> [Shape] = { $0 },
        lower: @escaping @Sendable (_ inputShapes: [Shape]) throws -> OpGraph
    ) {
        self.weights = weights
        self.options = options
        self.fit = fit
        self.states = states
        self.lowerStateful = lowerStateful
        self.read = read
        self.lower = lower
    }

    /// Runs a batch: inputs `(n, …)`, which are cast to the graph's input types, outputs `(n, …)`.
    ///
    /// The batch is run in pieces small enough for their activations to stay in the cache: several side by side, or one after the other
    /// with each step shared out. How it is cut hangs on the model and `batchSize` (no piece is larger) alone, and no number hangs on the
    /// cut: every number of threads gives the same bits.
    package func predict(_ inputs: [Tensor], batchSize: Int? = nil) throws -> [Tensor] {
        if let read { return try predict(inputs, batchSize ?? 32, read) }
        return try predict(numbers: inputs, batchSize)
    }

    /// What is found in a batch may hang on all of it: texts are filled up to the longest of them.
    private func predict(_ inputs: [Tensor], _ batchSize: Int, _ read: ([Tensor]) throws -> Reading) throws -> [Tensor] {
        let samples = inputs.first?.shape.dims.first ?? 0
        let batches = try stride(from: 0, to: max(samples, 1), by: batchSize).map { first in
            let reading = try read(try inputs.map { try $0[first..<min(first + batchSize, samples)].contiguous() })
            return try predict(numbers: reading.tensors, nil).enumerated().map { index, output in
                try reading.vocabularies[index]?.words(at: output) ?? output
            }
        }
        return try batches.count == 1 ? batches[0] : batches[0].indices.map { output in try Tensor(joining: batches.map { $0[output] }) }
    }

    private func predict(numbers inputs: [Tensor], _ batchSize: Int?) throws -> [Tensor] {
        if let states { return try predict(inputs, states, batchSize) }
        return try inputs.withUnsafeBufferPointer { inputs in
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
        if states != nil || read != nil {
            outputs = try predict(inputs, batchSize: batchSize)
            return
        }
        try inputs.withUnsafeBufferPointer { inputs in
            try outputs.withUnsafeMutableBufferPointer { try predict(inputs, into: $0, batchSize) }
        }
    }

    /// The same for one input and one output.
    package func predict(_ input: Tensor, into output: inout Tensor, batchSize: Int? = nil) throws {
        if states != nil || read != nil {
            output = try predict([input], batchSize: batchSize)[0]
            return
        }
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

    private func predict(_ inputs: [Tensor], _ states: RecurrentStates, _ batchSize: Int?) throws -> [Tensor] {
        let shapes = try fit(inputs.map(\.shape))
        let fitted = try zip(inputs, shapes).map { $0.shape == $1 ? $0 : try $0.reshaped(to: $1) }
        return try states.predict(fitted, batchSize: batchSize, owner: self, lower: lowerStateful) { graph in
            try Executable(graph: graph, store: store, options: options) { id in
                guard let tensor = self.weights[id] else { throw KerasError(.mismatch, "a weight is missing") }
                return tensor
            }
        }
    }

    // MARK: Routes

    func route(for inputs: UnsafeBufferPointer<Tensor>, _ batchSize: Int?) throws -> Route {
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
        let anatomy = try anatomy(shapes, samples: samples)
        guard anatomy.isKept else { return try uncut(key, shapes) }
        let limit = min(samples, max(key.batchSize ?? samples, 1))
        // Segments that hold what they hand on in different types stay together.
        return try cut(key, shapes, samples, anatomy.segments(limit: limit))
            ?? cut(key, shapes, samples, anatomy.segments(limit: limit, isOne: true)) ?? uncut(key, shapes)
    }

    /// The route along these segments; nil if they hold what they hand on in different types.
    private func cut(_ key: Route.Key, _ shapes: [Shape], _ samples: Int, _ segments: [Anatomy.Segment]) throws -> Route? {
        var held: DType?
        var outputs = [(shape: Shape, dtype: DType)?]()
        var stages: [Route.Stage] = []
        for (number, segment) in segments.enumerated() {
            let piece = segment.piece
            let part = try self.part(segment, shapes.map { $0.with(samples: piece) }, samples)
            let rest = samples % piece
            let restPart = rest == 0 ? part : try self.part(segment, shapes.map { $0.with(samples: rest) }, samples)
            for (place, port) in zip(part.outputs, part.executable.plan.outputs) {
                guard let place else { continue }
                while outputs.count <= place { outputs.append(nil) }
                outputs[place] = (try Shape(checking: [port.shape[0] / piece * samples] + port.shape.dims.dropFirst()), port.dtype)
            }
            for (place, port) in zip(part.inputs, part.executable.plan.inputs) where place == nil && port.held != held { return nil }
            held = part.executable.plan.outputs.last?.held
            stages.append(
                Route.Stage(
                    piece: piece, plan: part.executable.plan, restPlan: restPart.executable.plan,
                    inputs: part.inputs.map { $0.map { .input($0) } ?? .between(number - 1) },
                    outputs: part.outputs.map { $0.map { .output($0) } ?? .between(number) }))
        }
        // Memory between stages is bounded: enough samples for a piece of the last stage on every thread.
        let group = (stages.map(\.piece).max() ?? 1) * options.threads
        return Route(key, samples: samples, stages: stages, outputs: outputs.compactMap { $0 }, group: stages.count > 1 ? group : samples)
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
        let plan = try part(Anatomy.Segment(begin: nil, end: nil, piece: 1), shapes, 1).executable.plan
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

    /// Where the model can be cut.
    private func anatomy(_ shapes: [Shape], samples: Int) throws -> Anatomy {
        let key = shapes.map { $0.with(samples: 1) }
        if let known = cache.withLock({ $0.anatomies[key] }) { return known }
        let probe = min(samples, 16)
        let anatomy = Anatomy(try lower(shapes.map { $0.with(samples: probe) }), samples: probe)
        cache.withLock { cache in
            if cache.anatomies.count >= Cache.limit { cache.anatomies.removeAll() }
            cache.anatomies[key] = anatomy
        }
        return anatomy
    }

    // MARK: Plans

    /// A segment ready to run, and what its inputs and outputs are among the model's; nil for a value between segments.
    private struct Part {
        let executable: Executable
        let inputs: [Int?]
        let outputs: [Int?]
    }

    private struct PartKey: Hashable {
        let begin: OpGraph.ValueID?
        let end: OpGraph.ValueID?
        let shapes: [Shape]
        let isForOne: Bool
    }

    /// - Parameter samples: of the whole batch.
    private func part(_ segment: Anatomy.Segment, _ shapes: [Shape], _ samples: Int) throws -> Part {
        var options = options
        options.isForOne = samples == 1
        let key = PartKey(begin: segment.begin, end: segment.end, shapes: shapes, isForOne: options.isForOne)
        if let known = cache.withLock({ $0.find(key) }) { return known }
        let whole = try lower(shapes)
        let isWhole = segment.begin == nil && segment.end == nil
        let (graph, inputs, outputs) =
            isWhole ? (whole, Array(whole.inputs.indices), Array(whole.outputs.indices)) : try whole.part(segment)
        let executable = try Executable(graph: graph, store: store, options: options) { id in
            guard let tensor = self.weights[id] else { throw KerasError(.mismatch, "a weight is missing") }
            return tensor
        }
        let made = Part(executable: executable, inputs: inputs, outputs: outputs)
        cache.withLock { $0.insert(made, for: key) }
        return made
    }

    private struct Cache {
        static let limit = 16
        var anatomies: [[Shape]: Anatomy] = [:]
        private var parts: [PartKey: (part: Part, used: Int)] = [:]
        private var clock = 0
        /// The one used last comes first.
        private var routes: [Route] = []

        mutating func route(for inputs: UnsafeBufferPointer<Tensor>, _ batchSize: Int?) -> Route? {
            var index = 0
            while index < routes.count, !routes[index].serves(inputs, batchSize: batchSize) { index += 1 }
            guard index < routes.count else { return nil }
            if index > 0 { routes.insert(routes.remove(at: index), at: 0) }
            return routes[0]
        }

        mutating func insert(_ route: Route) {
            if routes.count >= Cache.limit { routes.removeLast() }
            routes.insert(route, at: 0)
        }

        mutating func find(_ key: PartKey) -> Part? {
            guard let found = parts[key] else { return nil }
            clock += 1
            parts[key] = (found.part, clock)
            return found.part
        }

        /// The plan that was not asked for longest makes room.
        mutating func insert(_ part: Part, for key: PartKey) {
            clock += 1
            if parts.count >= 2 * Cache.limit, let oldest = parts.min(by: { $0.value.used < $1.value.used }) { parts[oldest.key] = nil }
            parts[key] = (part, clock)
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

extension Shape {
    /// The same shape for another number of samples.
    func with(samples: Int) -> Shape { Shape([samples] + dims.dropFirst()) }
}
