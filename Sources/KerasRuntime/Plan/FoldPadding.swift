import KerasModel

extension Draft {
    /// Zeros put round an image by a primitive of their own become the convolution's padding.
    mutating func foldPadding() {
        let (producers, uses) = (producers(), useCounts())
        for index in nodes.indices {
            guard case .convolution(var convolution) = nodes[index].op, let producer = producers[nodes[index].inputs[0]],
                case .pad(let edges, value: 0) = nodes[producer].op, uses[nodes[producer].output] == 1,
                edges.first == Edges.none, edges.last == Edges.none
            else { continue }
            convolution.padding = zip(convolution.padding, edges.dropFirst()).map { Edges($0.before + $1.before, $0.after + $1.after) }
            nodes[index].op = .convolution(convolution)
            nodes[index].inputs[0] = nodes[producer].inputs[0]
        }
        removeDeadNodes()
    }
}
