import KerasModel
import Tensors

/// What a model comes to where some of its lengths are open, the batch's above all: lowered for several settings of them, whatever then differs
/// hangs on them.
struct OpenGraph {
    /// A length of a value's shape.
    enum Length: Hashable {
        case fixed(Int)
        /// What it is in each of the settings.
        case open([Int])
    }

    /// One for each setting; they differ in lengths alone.
    let variants: [OpGraph]
    /// By value and axis.
    let lengths: [[Length]]
    /// What the open lengths of inputs are called.
    let names: [[Int]: String]

    var graph: OpGraph { variants[0] }

    /// - Throws: `unsupported` for what hangs on an open length in another way than by its shape.
    init(_ model: BuiltModel) throws {
        var refusal: (any Error)?
        // Lengths that are long enough for what the model cuts off them; the same for all inputs where those go together.
        for (base, isShared) in [(36, false), (36, true), (150, true), (400, true)] {
            do {
                self = try OpenGraph(model, Settings(model, base: base, isShared: isShared))
                return
            } catch {
                if refusal == nil { refusal = error }
                guard model.inputShapes.contains(where: { $0.dims.dropFirst().contains(nil) }) else { throw error }
            }
        }
        throw refusal!
    }

    private init(_ model: BuiltModel, _ settings: Settings) throws {
        try self.init(variants: try settings.shapes.map { try model.lowered(for: $0) }, names: settings.names)
    }

    private init(variants: [OpGraph], names: [[Int]: String]) throws {
        (self.variants, self.names) = (variants, names)
        let graph = variants[0]
        for other in variants.dropFirst() {
            guard graph.values.count == other.values.count, graph.nodes.count == other.nodes.count else {
                throw KerasError(.unsupported, "the model computes something else for inputs of other lengths")
            }
            for (one, two) in zip(graph.nodes, other.nodes) where !OpenGraph.isAlike(one.op, two.op) || one.inputs != two.inputs {
                throw KerasError(
                    .unsupported, "a layer computes something else for inputs of other lengths", at: Place(layer: one.layer),
                    found: "\(one.op)")
            }
            for (one, two) in zip(graph.values, other.values) {
                guard case .constant(let first) = one.source else { continue }
                guard case .constant(let second) = two.source, try OpenGraph.isSame(first, second) else {
                    throw KerasError(.unsupported, "a layer computes with numbers that hang on the lengths of its inputs")
                }
            }
        }
        lengths = graph.values.indices.map { value in
            graph.values[value].shape.dims.indices.map { axis in
                let all = variants.map { $0.values[value].shape[axis] }
                return all.allSatisfy { $0 == all[0] } ? .fixed(all[0]) : .open(all)
            }
        }
    }

    /// The body of a scan.
    func body(ofNode index: Int) throws -> OpenGraph {
        try OpenGraph(
            variants: variants.compactMap { graph in if case .scan(let scan) = graph.nodes[index].op { scan.graph } else { nil } },
            names: names)
    }

    /// What a node is in each of the settings.
    func ops(ofNode index: Int) -> [Op] { variants.map { $0.nodes[index].op } }

    /// Whether two primitives differ in lengths alone: those of shapes are told by ``lengths``, those of paddings by whoever writes them.
    private static func isAlike(_ one: Op, _ two: Op) -> Bool {
        switch (one, two) {
        case (.reshape, .reshape), (.broadcast, .broadcast), (.slice, .slice): return true
        case (.scan(let a), .scan(let b)):
            return a.sequences == b.sequences && a.states == b.states && a.isReversed == b.isReversed && a.kept == b.kept
        case (.convolution(let a), .convolution(var b)):
            b.padding = a.padding
            return a == b
        case (.pool(let a), .pool(var b)):
            b.padding = a.padding
            return a == b
        case (.transposedConvolution(let a), .transposedConvolution(var b)):
            (b.output, b.offset) = (a.output, a.offset)
            return a == b
        default: return one == two
        }
    }

    private static func isSame(_ one: Tensor, _ two: Tensor) throws -> Bool {
        guard one.shape == two.shape, one.dtype == two.dtype else { return false }
        let (one, two) = (try one.contiguous(), try two.contiguous())
        return one.withUnsafeBytes { a in two.withUnsafeBytes { b in a.elementsEqual(b) } }
    }
}

/// Lengths to lower a model for, such that each open one goes its own way and halves come out odd and even.
private struct Settings {
    /// For each setting, those of the inputs.
    private(set) var shapes: [[Shape]] = []
    private(set) var names: [[Int]: String] = [:]

    init(_ model: BuiltModel, base: Int, isShared: Bool) throws {
        let hasLengths = model.inputShapes.contains { $0.dims.dropFirst().contains(nil) }
        let batch = hasLengths ? [61, 67, 71, 61, 73, 79] : [61, 67]
        let (start, step) = ([0, 5, 11, 18, 22, 31], [2, 3, 7, 4, 9, 5])
        names[batch] = "N"
        var known: [String: [Int]] = [:]
        var dims: [[[Int]]] = []
        for (layer, shape) in zip(model.architecture.inputLayers, model.inputShapes) {
            dims.append(
                shape.dims.enumerated().map { axis, length in
                    if let length { return [Int](repeating: length, count: batch.count) }
                    if axis == 0 { return batch }
                    let key = isShared ? "length_\(axis)" : "\(layer.name)_length_\(axis)"
                    let values = known[key] ?? zip(start, step).map { base + $0 + known.count * $1 }
                    (known[key], names[values]) = (values, key)
                    return values
                })
        }
        shapes = try batch.indices.map { setting in try dims.map { try Shape(checking: $0.map { $0[setting] }) } }
    }
}
