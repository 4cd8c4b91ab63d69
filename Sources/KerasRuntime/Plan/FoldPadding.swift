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
    /// Zeros put round an image become a maximum's padding, which never counts, where no number is below zero: a zero is then no more
    /// than what the window holds anyway.
    mutating func foldPoolPadding() {
        let (producers, uses) = (producers(), useCounts())
        for index in nodes.indices {
            guard case .pool(var pool) = nodes[index].op, pool.kind == .max, let producer = producers[nodes[index].inputs[0]],
                case .pad(let edges, value: 0) = nodes[producer].op, uses[nodes[producer].output] == 1,
                edges.first == Edges.none, edges.last == Edges.none, let origin = producers[nodes[producer].inputs[0]],
                nodes[origin].isNeverNegative
            else { continue }
            pool.padding = zip(pool.padding, edges.dropFirst()).map { Edges($0.before + $1.before, $0.after + $1.after) }
            // Every window must hold a cell of the image.
            guard zip(pool.padding, pool.window).allSatisfy({ $0.before < $1 && $0.after < $1 }) else { continue }
            nodes[index].op = .pool(pool)
            nodes[index].inputs[0] = nodes[producer].inputs[0]
        }
        removeDeadNodes()
    }
}

extension Draft.Node {
    /// True if its results are zero or more, or not numbers.
    fileprivate var isNeverNegative: Bool {
        if let last = epilogue.functions.last { return last.isNeverNegative }
        if epilogue.low >= 0 { return true }
        if epilogue.isEmpty, case .unary(let function) = op { return function.isNeverNegative }
        return false
    }
}

extension Unary {
    fileprivate var isNeverNegative: Bool {
        switch self {
        case .relu(slope: 0, threshold: 0..., maximum: 0...), .clamp(low: 0..., high: 0...), .sigmoid, .abs, .square, .exp: true
        default: false
        }
    }
}
