import KerasModel

extension Draft {
    /// A depthwise convolution is made part of the 1 × 1 convolution of its results, so that these are never stored, where they are too
    /// many for the caches: with fewer the two are no slower one after the other.
    mutating func fuseSeparable() {
        let (producers, uses) = (producers(), useCounts())
        var removed: Set<Int> = []
        for index in nodes.indices {
            let between = nodes[index].inputs[0]
            guard takesDepthwise(nodes[index]), let producer = producers[between], uses[between] == 1,
                let depthwise = depthwise(nodes[producer]), values[between].shape.dims.dropFirst().reduce(1, *) >= Draft.manyNumbers
            else { continue }
            nodes[index].depthwise = depthwise
            nodes[index].inputs[0] = nodes[producer].inputs[0]
            removed.insert(producer)
        }
        nodes = nodes.indices.filter { !removed.contains($0) }.map { nodes[$0] }
    }

    /// Of one image, between the two convolutions.
    private static var manyNumbers: Int { 1 << 19 }

    private func depthwise(_ node: Node) -> Node.Depthwise? {
        guard case .convolution(let convolution) = node.op, convolution.isDepthwise(values[node.inputs[0]].shape), node.addend == nil,
            !values[node.output].dtype.isHalf, node.inputs.dropFirst().allSatisfy({ values[$0].constant != nil })
        else { return nil }
        return Node.Depthwise(convolution: convolution, constants: Array(node.inputs.dropFirst()), epilogue: node.epilogue)
    }
}
