import KerasModel
import Tensors

/// Where a network may be cut between its samples and along its depth, and what each stretch would move through memory.
///
/// Large early maps want pieces of few samples, so that they stay in the cache; late layers with large weights want many, so that a weight
/// is read once for all of them. A network that has both is cut where a single value is alive.
struct Anatomy: Sendable {
    /// A stretch of the network and the most samples that go through it together.
    struct Segment: Sendable, Hashable {
        /// The value it begins with; nil for the model's inputs.
        var begin: OpGraph.ValueID?
        /// The value it hands on; nil for the end.
        var end: OpGraph.ValueID?
        var piece: Int
    }

    private struct Cut {
        var value: OpGraph.ValueID
        /// Of one sample.
        var bytes: Double
    }

    /// What stands between two places where the network may be cut; bytes of one sample.
    private struct Block {
        var weights = 0.0
        /// What every piece reads, even of weights that stay in the cache.
        var reread = 0.0
        var widest = 0.0
        /// By size of the piece: what does not stay in the cache.
        var spilled = [Double](repeating: 0, count: Anatomy.sizes.count)

        mutating func add(_ other: Block) {
            weights += other.weights
            reread += other.reread
            widest = max(widest, other.widest)
            for index in spilled.indices { spilled[index] += other.spilled[index] }
        }
    }

    private static let sizes = [1, 2, 4, 8, 16]
    /// Bytes that the activations alive at one moment should not exceed: half a usual second-level cache. And what they must not.
    /// Tests have smaller ones.
    @TaskLocal static var caches = (usual: Double(512 << 10), last: Double(8 << 20))
    private static var cache: Double { caches.usual }
    private static var lastCache: Double { caches.last }

    /// False if the model must see its batch whole.
    let isKept: Bool
    private var cuts: [Cut] = []
    private var blocks = [Block()]

    /// - Parameter samples: how many the graph was lowered for.
    init(_ graph: OpGraph, samples: Int) {
        let relations = BatchAxis.relations(graph, samples: samples)
        isKept = samples > 0 && graph.outputs.allSatisfy { relations[$0].isRows }
        guard isKept else { return }
        var lastReader = [Int](repeating: -1, count: graph.values.count)
        var readers = [[Int]](repeating: [], count: graph.values.count)
        for (index, node) in graph.nodes.enumerated() {
            for input in node.inputs where relations[input] != .fixed {
                (lastReader[input], readers[input]) = (index, readers[input] + [index])
            }
        }
        var alive = Set(graph.inputs.filter { lastReader[$0] >= 0 })
        for (index, node) in graph.nodes.enumerated() {
            blocks[blocks.count - 1].add(Anatomy.block(node, graph, relations, samples))
            alive = alive.filter { lastReader[$0] > index }
            for output in node.outputs where lastReader[output] > index { alive.insert(output) }
            guard alive.count == 1, let value = alive.first, case .node(let giver) = graph.values[value].source, relations[value].isRows,
                graph.nodes[giver].further.isEmpty
            else {
                continue
            }
            // What reads it alone must not be what could be folded into what gives it.
            let next = readers[value].map { graph.nodes[$0].op }
            guard next.count > 1 || next.allSatisfy(\.beginsAnew), cuts.last?.value != value else { continue }
            cuts.append(Cut(value: value, bytes: Double(graph.values[value].shape.count * 4 / samples)))
            blocks.append(Block())
        }
    }

    private static func block(_ node: OpGraph.Node, _ graph: OpGraph, _ relations: [BatchAxis.Relation], _ samples: Int) -> Block {
        var block = Block()
        if relations[node.output] == .fixed { return block }
        if case .reshape = node.op { return block }
        var activations = node.outputs.reduce(0) { $0 + graph.values[$1].shape.count * 4 }
        var steps = 1
        if case .scan = node.op { steps = max(graph.values[node.inputs[0]].shape[1], 1) }
        for input in node.inputs {
            let bytes = graph.values[input].shape.count * 4
            if relations[input] == .fixed {
                block.weights += Double(bytes) * node.op.packedGrowth
                // Every step of a loop reads them anew.
                if steps > 1 { block.reread += Double(bytes * steps) }
            } else if case .node = graph.values[input].source {
                activations += bytes
            }
        }
        block.widest = Double(activations / samples / steps)
        for (index, size) in sizes.enumerated() {
            let bytes = block.widest * Double(size)
            // The last cache is about three times as fast as memory.
            block.spilled[index] = bytes <= cache ? 0 : bytes <= lastCache ? block.widest / 3 : block.widest
        }
        return block
    }

    /// How the network is cut for pieces of at most `limit` samples: at most three segments, or one.
    func segments(limit: Int, isOne: Bool = false) -> [Segment] {
        let end = blocks.count
        // By first block and end: the piece and its bytes for one sample.
        var best = [[(piece: Int, bytes: Double)]](repeating: [], count: end)
        for first in 0..<end {
            var sum = Block()
            best[first] = (first..<end).map { last in
                sum.add(blocks[last])
                return Anatomy.piece(sum, limit)
            }
        }
        func cost(_ bounds: [Int]) -> Double {
            zip(bounds, bounds.dropFirst()).reduce(0) { sum, pair in
                sum + best[pair.0][pair.1 - pair.0 - 1].bytes + (pair.1 < end ? 2 * cuts[pair.1 - 1].bytes : 0)
            }
        }
        let whole = cost([0, end])
        var chosen = (bounds: [0, end], bytes: whole)
        for first in 1..<max(end, 1) where !isOne {
            for second in first..<end {
                let bounds = first == second ? [0, first, end] : [0, first, second, end]
                let bytes = cost(bounds)
                if bytes < chosen.bytes { chosen = (bounds, bytes) }
            }
        }
        // A little is not worth a stop.
        if chosen.bytes > 0.85 * whole || whole - chosen.bytes < Anatomy.cache { chosen.bounds = [0, end] }
        if chosen.bounds.count == 2 {
            // One segment need not be a power of two.
            let piece = best[0][end - 1].piece
            let widest = blocks.reduce(0) { max($0, $1.widest) }
            let isFree = limit < 2 * piece && Double(limit) * widest <= Anatomy.cache
            return [Segment(begin: nil, end: nil, piece: isFree ? min(limit, 16) : piece)]
        }
        return zip(chosen.bounds, chosen.bounds.dropFirst()).map { first, last in
            Segment(
                begin: first == 0 ? nil : cuts[first - 1].value, end: last == end ? nil : cuts[last - 1].value,
                piece: best[first][last - first - 1].piece)
        }
    }

    /// The piece that keeps activations in the cache, or a larger one if that reads fewer bytes of weights.
    private static func piece(_ block: Block, _ limit: Int) -> (piece: Int, bytes: Double) {
        let allowed = sizes.indices.filter { sizes[$0] <= max(limit, 1) }
        func bytes(_ index: Int) -> Double {
            // Small weights stay in the cache between pieces.
            ((block.weights <= cache ? 0 : block.weights) + block.reread) / Double(sizes[index]) + block.spilled[index]
        }
        var chosen = allowed.last { block.widest * Double(sizes[$0]) <= cache } ?? 0
        for index in allowed where index > chosen && block.widest * Double(sizes[index]) <= lastCache && bytes(index) < bytes(chosen) {
            chosen = index
        }
        return (sizes[chosen], bytes(chosen))
    }
}

extension Op {
    /// True for primitives that nothing before them takes in.
    fileprivate var beginsAnew: Bool {
        switch self {
        case .convolution, .matrixMultiply, .pad, .reshape: true
        default: false
        }
    }

    /// How much larger packed weights may be: Winograd's 6 × 6 for 3 × 3.
    fileprivate var packedGrowth: Double {
        if case .convolution(let convolution) = self, convolution.strides == [1, 1], convolution.groups == 1 { 4 } else { 1 }
    }
}

extension OpGraph {
    /// The part of a graph between two values, or its inputs and outputs.
    ///
    /// - Returns: what its inputs and outputs are in this graph: positions among the inputs and outputs, or nil for the values it was cut at.
    func part(_ segment: Anatomy.Segment) throws -> (graph: OpGraph, inputs: [Int?], outputs: [Int?]) {
        func position(_ value: ValueID?) -> Int? {
            if let value, case .node(let index) = values[value].source { index } else { nil }
        }
        let (first, last) = (position(segment.begin), position(segment.end))
        let given = outputs.indices.filter { index in
            let at = position(outputs[index]) ?? -1
            return (first.map { at > $0 } ?? true) && (last.map { at <= $0 } ?? true)
        }
        let wanted = given.map { outputs[$0] } + (segment.end.map { [$0] } ?? [])
        var isNeeded = [Bool](repeating: false, count: values.count)
        for value in wanted { isNeeded[value] = true }
        for node in nodes.reversed() where node.outputs.contains(where: { isNeeded[$0] }) && node.output != segment.begin {
            for input in node.inputs { isNeeded[input] = true }
        }
        var part = OpGraph()
        var new: [ValueID: Value] = [:]
        var places: [Int?] = []
        for (value, info) in values.enumerated() where isNeeded[value] {
            switch info.source {
            case .input(let index):
                new[value] = part.input(shape: info.shape, dtype: info.dtype)
                places.append(index)
            case .weight(let id): new[value] = part.weight(id, shape: info.shape, dtype: info.dtype)
            case .constant(let tensor): new[value] = part.constant(tensor)
            case .node where value == segment.begin:
                new[value] = part.input(shape: info.shape, dtype: info.dtype)
                places.append(nil)
            case .node: break
            }
        }
        for node in nodes where node.outputs.contains(where: { isNeeded[$0] }) && node.output != segment.begin {
            let results = try part.emitAll(node.op, node.inputs.compactMap { new[$0] }, layer: node.layer)
            for (output, result) in zip(node.outputs, results) { new[output] = result }
        }
        part.outputs = wanted.compactMap { new[$0]?.id }
        return (part, places, given.map { $0 } + (segment.end == nil ? [] : [nil]))
    }
}
