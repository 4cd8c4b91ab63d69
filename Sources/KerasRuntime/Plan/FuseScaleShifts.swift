import KerasModel

extension Draft {
    /// `x · s + t` by vectors along the last axis, as of a batch normalization that no product stands before, becomes one step: the
    /// product with `t` as the addend of its epilogue.
    ///
    /// Never `(x + t) · s`: where t is large and x near to −t, the sum must come first.
    mutating func fuseScaleShifts(_ store: ConstantStore) {
        let (producers, uses) = (producers(), useCounts())
        var removed: Set<Int> = []
        for index in nodes.indices {
            guard let shift = vectorChange(nodes[index]), shift.kind == .add || shift.kind == .subtract,
                let producer = producers[shift.operand], uses[shift.operand] == 1, let scale = vectorChange(nodes[producer]),
                scale.kind == .multiply || scale.kind == .divide,
                values[scale.operand].shape == values[nodes[index].output].shape
            else { continue }
            nodes[producer].op = .binary(.multiply)
            nodes[producer].inputs = [
                scale.operand, scale.kind == .divide ? constant(.reciprocal, scale.vector, store) : scale.vector,
                shift.kind == .subtract ? constant(.negate, shift.vector, store) : shift.vector,
            ]
            nodes[producer].epilogue.hasAddend = true
            nodes[producer].output = nodes[index].output
            removed.insert(index)
        }
        nodes = nodes.indices.filter { !removed.contains($0) }.map { nodes[$0] }
    }

    private mutating func constant(_ function: Unary, _ vector: ValueID, _ store: ConstantStore) -> ValueID {
        let (shape, dtype) = (values[vector].shape, values[vector].dtype)
        let id = values[vector].constant.map { store.intern(.unary(function), [$0], shape: shape, dtype: dtype) }
        return add(shape, dtype, constant: id)
    }
}
