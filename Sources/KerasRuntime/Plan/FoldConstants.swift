import KerasModel
import Tensors

extension Draft {
    /// Marks what hangs on weights and constants alone as constant. Its numbers are computed when somebody asks for them.
    mutating func foldConstants(_ store: ConstantStore) {
        var kept: [Node] = []
        for node in nodes {
            let operands = node.inputs.compactMap { values[$0].constant }
            guard operands.count == node.inputs.count, node.further.isEmpty, !node.op.isScan, !blowsUp(node) else {
                kept.append(node)
                continue
            }
            let value = values[node.output]
            values[node.output].constant = store.intern(node.op, operands, shape: value.shape, dtype: value.dtype)
        }
        nodes = kept
    }

    /// A table of zeros for every sample of a batch is sooner made than kept.
    private func blowsUp(_ node: Node) -> Bool {
        let count = values[node.output].shape.count
        return count > 1 << 16 && count > 4 * node.inputs.reduce(0) { $0 + values[$1].shape.count }
    }
}
