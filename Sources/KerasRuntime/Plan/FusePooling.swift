import KerasModel

extension Draft {
    /// A convolution gives the largest of each 2 × 2 results at once, so that the others are never stored.
    mutating func fusePooling() {
        let (producers, uses) = (producers(), useCounts())
        var removed: Set<Int> = []
        let plain = Op.pool(Pool(.max, window: [2, 2], strides: [2, 2], padding: [.none, .none]))
        for index in nodes.indices where nodes[index].op == plain && nodes[index].epilogue.isEmpty {
            let pooled = nodes[index].inputs[0]
            guard let producer = producers[pooled], uses[pooled] == 1, takesPooling(nodes[producer]) else { continue }
            nodes[producer].epilogue.pools = true
            nodes[producer].output = nodes[index].output
            removed.insert(index)
        }
        nodes = nodes.indices.filter { !removed.contains($0) }.map { nodes[$0] }
    }
}
