import KerasModel

extension Draft {
    /// Functions of a product's result are applied to each tile as it comes: a clamp by the kernel itself, others right after it.
    /// Either gives the bits the function alone would.
    mutating func fuseActivations() {
        let uses = useCounts()
        var producers = producers()
        var removed: Set<Int> = []
        for index in nodes.indices {
            guard case .unary(let function) = nodes[index].op, let producer = producers[nodes[index].inputs[0]],
                uses[nodes[index].inputs[0]] == 1, takesFunctions(nodes[producer])
            else { continue }
            nodes[producer].epilogue.append(function)
            nodes[producer].output = nodes[index].output
            producers[nodes[index].output] = producer
            removed.insert(index)
        }
        nodes = nodes.indices.filter { !removed.contains($0) }.map { nodes[$0] }
    }
}

extension Epilogue {
    mutating func append(_ function: Unary) {
        guard functions.isEmpty, low == -.infinity, high == .infinity else {
            functions.append(function)
            return
        }
        switch function {
        case .relu(0, 0, let maximum): (low, high) = (0, maximum)
        case .clamp(let low, let high): (self.low, self.high) = (low, high)
        default: functions.append(function)
        }
    }
}
