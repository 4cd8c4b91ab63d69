import KerasModel

extension Draft {
    /// Two loops that have nothing to do with each other, such as the two ways of a bidirectional layer, come to stand side by side: each is then
    /// a thread's work.
    mutating func pairScans() {
        var index = 0
        while index < nodes.count {
            defer { index += 1 }
            guard nodes[index].op.isScan, let other = nodes[(index + 1)...].firstIndex(where: \.op.isScan) else { continue }
            let given = nodes[index].outputs
            guard !nodes[index + 1...other].contains(where: { $0.inputs.contains(where: given.contains) }) else { continue }
            // What stands between them does not look at the first.
            let first = nodes.remove(at: index)
            nodes.insert(first, at: other - 1)
            nodes[other - 1].pairsWithNext = true
            index = other
        }
    }
}

/// Two steps that any two threads may run at once.
struct PairedStep<T: ComputeScalar>: Step {
    let first: any Step<T>
    let second: any Step<T>
    let parts: Int

    init(_ first: any Step<T>, _ second: any Step<T>, seconds: Double) {
        (self.first, self.second) = (first, second)
        parts = seconds < Parts.worthwhile ? 1 : 2
    }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        if parts == 1 || part == 0 { try first.run(frame, part: 0) }
        if parts == 1 || part == 1 { try second.run(frame, part: 0) }
    }
}
