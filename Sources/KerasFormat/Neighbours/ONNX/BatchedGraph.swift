import KerasModel
import Tensors

/// What a model comes to for a batch of any size: lowered for two sizes, whatever differs between the two hangs on the batch.
struct BatchedGraph {
    /// A length of a value's shape.
    enum Length: Hashable {
        case fixed(Int)
        /// So many times the size of the batch.
        case batch(Int)
    }

    let graph: OpGraph
    /// By value and axis.
    let lengths: [[Length]]

    /// Two sizes that no other length is likely to be a multiple of.
    private static let sizes = (61, 67)

    /// - Throws: `unsupported` for lengths besides the batch that are open, and for what hangs on the batch in any other way.
    init(_ model: BuiltModel) throws {
        for (layer, shape) in zip(model.architecture.inputLayers, model.inputShapes)
        where shape.dims.dropFirst().contains(where: { $0 == nil }) {
            throw KerasError(
                .unsupported, "an input has open lengths besides the batch, and the exported graph is for fixed ones",
                at: Place(layer: layer.name), found: "\(shape)")
        }
        func lowered(_ size: Int) throws -> OpGraph {
            try model.lowered(for: model.inputShapes.map { shape in try Shape(checking: shape.dims.map { $0 ?? size }) })
        }
        graph = try lowered(BatchedGraph.sizes.0)
        guard model.inputShapes.contains(where: { $0.rank > 0 && $0[0] == nil }) else {
            lengths = graph.values.map { $0.shape.dims.map(Length.fixed) }
            return
        }
        let other = try lowered(BatchedGraph.sizes.1)
        guard graph.values.count == other.values.count, graph.nodes.count == other.nodes.count else {
            throw KerasError(.unsupported, "the model computes something else for batches of another size")
        }
        for (one, two) in zip(graph.nodes, other.nodes) where !BatchedGraph.isSame(one.op, two.op) || one.inputs != two.inputs {
            throw KerasError(
                .unsupported, "a layer computes something else for batches of another size", at: Place(layer: one.layer), found: "\(one.op)"
            )
        }
        lengths = try zip(graph.values, other.values).map { one, two in
            try zip(one.shape.dims, two.shape.dims).map { one, two in
                if one == two { return .fixed(one) }
                let (factor, rest) = one.quotientAndRemainder(dividingBy: BatchedGraph.sizes.0)
                guard rest == 0, factor * BatchedGraph.sizes.1 == two else {
                    throw KerasError(.unsupported, "a length hangs on the size of the batch in a way that cannot be said")
                }
                return .batch(factor)
            }
        }
    }

    /// Shapes may differ; they are told by ``lengths``.
    private static func isSame(_ one: Op, _ two: Op) -> Bool {
        switch (one, two) {
        case (.reshape, .reshape), (.broadcast, .broadcast): true
        case (.slice(let a, _), .slice(let b, _)): a == b
        case (.scan, .scan): true
        default: one == two
        }
    }
}
