import KerasModel
import Tensors

/// Whether a graph treats the samples of a batch one by one, so that a batch can be cut into smaller ones.
struct BatchAxis {
    /// What a value has to do with the batch.
    enum Relation: Equatable {
        /// Nothing: it hangs on weights and constants alone.
        case fixed
        /// Its first axis is the samples in order, so many rows each.
        case rows(Int)
        case mixed

        var isRows: Bool { if case .rows = self { true } else { false } }
    }

    /// Of every value of the graph.
    ///
    /// - Parameter inputs: what the graph's inputs have to do with it, where that is known.
    static func relations(_ graph: OpGraph, samples: Int, inputs: [Relation]? = nil) -> [Relation] {
        var relations = graph.values.map { info -> Relation in
            guard case .input(let index) = info.source else { return .fixed }
            return inputs?[index] ?? (info.shape.rank > 0 && info.shape[0] == samples ? .rows(1) : .mixed)
        }
        for node in graph.nodes {
            let operands = node.inputs.map { (relation: relations[$0], shape: graph.values[$0].shape) }
            if case .scan(let scan) = node.op {
                for output in node.outputs { relations[output] = relation(scan, operands) }
            } else {
                relations[node.output] = relation(node.op, operands, graph.values[node.output].shape, samples)
            }
        }
        return relations
    }

    /// Sequences and states that have their samples in order, and a body that treats them one by one.
    private static func relation(_ scan: Scan, _ operands: [(relation: Relation, shape: Shape)]) -> Relation {
        let changing = operands.map(\.relation).filter { $0 != .fixed }
        guard let common = changing.first, common.isRows, changing.allSatisfy({ $0 == common }) else {
            return changing.isEmpty ? .fixed : .mixed
        }
        let inner = operands.enumerated().map { index, operand -> Relation in
            index < scan.sequences + scan.states || operand.relation != .fixed ? .rows(1) : .fixed
        }
        let relations = relations(scan.graph, samples: operands[0].shape[0], inputs: inner)
        return scan.graph.outputs.allSatisfy { relations[$0] == .rows(1) } ? common : .mixed
    }

    private static func relation(_ op: Op, _ operands: [(relation: Relation, shape: Shape)], _ result: Shape, _ samples: Int) -> Relation {
        if operands.allSatisfy({ $0.relation == .fixed }) { return .fixed }
        guard let x = operands.first else { return .mixed }
        let others = operands.dropFirst()
        func kept(if condition: Bool) -> Relation { condition ? x.relation : .mixed }
        let othersAreFixed = others.allSatisfy { $0.relation == .fixed }
        switch op {
        case .convolution, .transposedConvolution: return kept(if: othersAreFixed)
        case .pool, .unary, .cast, .stopGradient: return x.relation
        case .matrixMultiply:
            let rank = result.rank
            if othersAreFixed { return kept(if: x.shape.rank == rank) }
            return elementwise(Array(operands.prefix(2)), rank: rank, needsLeadingAxis: true)
        case .binary: return elementwise(operands, rank: result.rank, needsLeadingAxis: false)
        case .reduce(_, let axes, _): return kept(if: !axes.contains(0))
        case .softmax(let axis), .logSoftmax(let axis): return kept(if: axis != 0)
        case .sparsemax, .order: return kept(if: x.shape.rank > 1)
        case .pick: return elementwise(operands, rank: result.rank, needsLeadingAxis: false)
        case .reshape(let target):
            guard x.relation.isRows, target.rank > 0, samples > 0, target[0] > 0, target[0] % samples == 0 else { return .mixed }
            return .rows(target[0] / samples)
        case .transpose(let axes): return kept(if: axes.first == 0)
        case .reverse(let axes): return kept(if: !axes.contains(0))
        case .pad(let edges, _): return kept(if: edges.first == Edges.none)
        case .slice(let starts, let sizes): return kept(if: starts.first == 0 && sizes.first == x.shape[0])
        case .concatenate(let axis): return axis == 0 ? .mixed : elementwise(operands, rank: result.rank, needsLeadingAxis: false)
        case .gather:
            return x.relation == .fixed ? operands[1].relation : .mixed
        case .repeatElements(let axis, let count):
            guard axis == 0, case .rows(let rows) = x.relation else { return x.relation }
            return .rows(rows * count)
        // Training alone has these: numbers of each sample's own, and what sums over them.
        case .random: return result.dims.first == samples ? .rows(1) : .mixed
        case .convolutionKernelGradient, .poolGradient, .scatterAdd, .sparsemaxGradient, .pickGradient, .scan: return .mixed
        case .broadcast(let target): return kept(if: target.rank == x.shape.rank && target[0] == x.shape[0])
        }
    }

    /// Operands of the same rank whose samples meet.
    private static func elementwise(_ operands: [(relation: Relation, shape: Shape)], rank: Int, needsLeadingAxis: Bool) -> Relation {
        var common: Relation = .fixed
        for operand in operands where operand.relation != .fixed {
            guard operand.shape.rank == rank, operand.relation != .mixed, common == .fixed || common == operand.relation else {
                return .mixed
            }
            common = operand.relation
        }
        return needsLeadingAxis && rank < 3 ? .mixed : common
    }
}
