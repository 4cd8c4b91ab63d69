import KerasModel

extension Draft {
    /// A matrix that is transposed for a product alone is packed from where it lies.
    mutating func absorbTransposes() {
        let producers = producers()
        for index in nodes.indices {
            guard case .matrixMultiply = nodes[index].op, let producer = producers[nodes[index].inputs[1]],
                case .transpose([1, 0]) = nodes[producer].op
            else { continue }
            nodes[index].inputs[1] = nodes[producer].inputs[0]
            nodes[index].readsTransposed = true
        }
        removeDeadNodes()
    }
}
