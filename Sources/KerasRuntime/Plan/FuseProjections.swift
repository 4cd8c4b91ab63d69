import KerasModel

extension Draft {
    /// The product that makes the sums of an LSTM's or a GRU's gates is made part of its loop, which then computes a step's sums when it needs
    /// them: those of all steps are many times the cache, and are never stored. A product's rows may be computed at any time: the same bits.
    mutating func fuseProjections() {
        let (producers, uses) = (producers(), useCounts())
        var removed: Set<Int> = []
        for index in nodes.indices {
            let sums = nodes[index].inputs[0]
            guard takesProjection(nodes[index]), uses[sums] == 1, let producer = producers[sums],
                isProjection(nodes[producer], of: nodes[index])
            else { continue }
            nodes[index].projection = Array(nodes[producer].inputs.dropFirst())
            nodes[index].inputs[0] = nodes[producer].inputs[0]
            removed.insert(producer)
        }
        nodes = nodes.indices.filter { !removed.contains($0) }.map { nodes[$0] }
    }

    /// Of fewer rows a step's product would be too small to be worth reading its weights at every step.
    private static var fewestRows: Int { 8 }

    private func isProjection(_ node: Node, of loop: Node) -> Bool {
        let (x, sums) = (values[node.inputs[0]].shape, values[node.output].shape)
        guard node.op == .matrixMultiply, node.epilogue.isEmpty, !node.readsTransposed, x.rank == 3, sums[0] >= Draft.fewestRows,
            values[node.inputs[1]].shape.rank == 2, node.inputs.dropFirst().allSatisfy({ values[$0].constant != nil })
        else { return false }
        // Both kernels are read at every step, and must stay in the cache between two of them.
        let units = values[loop.output].shape[1]
        return Double((x[2] + units) * sums[2] * 4) <= Anatomy.caches.usual
    }
}
