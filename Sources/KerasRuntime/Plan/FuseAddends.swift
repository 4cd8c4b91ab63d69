import KerasModel

extension Draft {
    /// Residual connections: another value of the same shape is added to a product's results as they come. The same bits as adding it
    /// afterwards, since the bias is added first.
    mutating func fuseAddends() {
        let uses = useCounts()
        var producers = producers()
        var removed: Set<Int> = []
        for index in nodes.indices {
            guard case .binary(.add) = nodes[index].op, let (product, addend) = addition(nodes[index], producers, uses),
                let position = producers[product]
            else { continue }
            var fused = nodes[position]
            fused.epilogue.hasAddend = true
            fused.inputs.append(addend)
            fused.output = nodes[index].output
            // A product that is computed before its addend moves down to where both are there.
            let isBefore = producers[addend].map { position < $0 } ?? false
            let place = isBefore ? index : position
            removed.insert(isBefore ? position : index)
            nodes[place] = fused
            producers[fused.output] = place
        }
        nodes = nodes.indices.filter { !removed.contains($0) }.map { nodes[$0] }
    }

    /// The operand of an addition that is a product nobody else reads, and the other operand. Of two products, the later one.
    private func addition(_ node: Node, _ producers: [ValueID: Int], _ uses: [Int]) -> (product: ValueID, addend: ValueID)? {
        let shape = values[node.output].shape
        let pairs = [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])]
        guard node.epilogue.isEmpty, pairs.allSatisfy({ values[$0.0].shape == shape }) else { return nil }
        let fitting = pairs.filter { product, addend in
            guard uses[product] == 1, let position = producers[product], takesAddend(nodes[position]) else { return false }
            // What moves down keeps its operand alive in place of its results: only where that is no larger.
            let moves = producers[addend].map { position < $0 } ?? false
            return !moves || values[nodes[position].inputs[0]].shape.count <= shape.count
        }
        return fitting.max { producers[$0.0] ?? 0 < producers[$1.0] ?? 0 }
    }
}
