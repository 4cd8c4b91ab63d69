import KerasModel
import Tensors

extension Draft {
    /// Moves transpositions down through primitives that do not mind the order of axes until they meet their inverse and vanish:
    /// a channels-first network then runs channels-last from end to end.
    mutating func cancelTransposes(_ store: ConstantStore) {
        let before = transposedNumbers
        guard before > 0 else { return }
        var sinking = SinkingTransposes(self)
        let after = sinking.run(store)
        if after.transposedNumbers < before { self = after }
    }

    /// How many numbers transpositions move.
    private var transposedNumbers: Int {
        nodes.reduce(0) { sum, node in if case .transpose = node.op { sum + values[node.output].shape.count } else { sum } }
    }
}

/// One walk over the nodes in which transpositions are put off until somebody needs their result.
private struct SinkingTransposes {
    private struct Pending {
        /// The value is the transposition of `source` by `axes`.
        var source: Draft.ValueID
        var axes: [Int]
    }

    private var draft: Draft
    private var rewritten: [Draft.Node] = []
    private var pending: [Draft.ValueID: Pending] = [:]
    /// Values whose transpositions cancelled out: what they are the same as.
    private var same: [Draft.ValueID: Draft.ValueID] = [:]

    init(_ draft: Draft) { self.draft = draft }

    mutating func run(_ store: ConstantStore) -> Draft {
        for var node in draft.nodes {
            node.inputs = node.inputs.map { same[$0] ?? $0 }
            if case .transpose(let axes) = node.op {
                putOff(node, axes)
            } else if !sink(node, store) {
                for input in node.inputs { settle(input, layer: node.layer) }
                rewritten.append(node)
            }
        }
        draft.outputs = draft.outputs.map { same[$0] ?? $0 }
        for output in draft.outputs { settle(output, layer: "") }
        draft.nodes = rewritten
        draft.removeDeadNodes()
        return draft
    }

    private mutating func putOff(_ node: Draft.Node, _ axes: [Int]) {
        let input = node.inputs[0]
        let earlier = pending[input]
        let (source, composed) = earlier.map { earlier in (earlier.source, axes.map { earlier.axes[$0] }) } ?? (input, axes)
        if composed == Array(composed.indices) {
            same[node.output] = source
        } else {
            pending[node.output] = Pending(source: source, axes: composed)
        }
    }

    /// Computes a transposition that was put off.
    private mutating func settle(_ value: Draft.ValueID, layer: String) {
        guard let put = pending.removeValue(forKey: value) else { return }
        rewritten.append(Draft.Node(op: .transpose(put.axes), inputs: [put.source], output: value, layer: layer))
    }

    /// Computes the node on what its operands are transpositions of.
    private mutating func sink(_ node: Draft.Node, _ store: ConstantStore) -> Bool {
        guard let axes = node.inputs.compactMap({ pending[$0]?.axes }).first, let op = node.op.alongAxes(axes) else { return false }
        let shape = draft.values[node.output].shape
        let sources = node.inputs.map { source($0, axes, rank: shape.rank, store) }
        guard shape.rank == axes.count, !sources.contains(where: { $0 == nil }) else { return false }
        let inner = draft.add(Shape(inverse(axes).map { shape[$0] }), draft.values[node.output].dtype)
        rewritten.append(Draft.Node(op: op, inputs: sources.compactMap { $0 }, output: inner, layer: node.layer))
        pending[node.output] = Pending(source: inner, axes: axes)
        return true
    }

    /// The value that gives `value` when transposed by `axes`; nil if there is none at hand.
    private mutating func source(_ value: Draft.ValueID, _ axes: [Int], rank: Int, _ store: ConstantStore) -> Draft.ValueID? {
        if let put = pending[value] { return put.axes == axes ? put.source : nil }
        guard let constant = draft.values[value].constant else { return nil }
        let (shape, dtype) = (draft.values[value].shape, draft.values[value].dtype)
        guard shape.rank <= rank else { return nil }
        let full = Shape([Int](repeating: 1, count: rank - shape.rank) + shape.dims)
        let back = inverse(axes)
        let transposed = Shape(back.map { full[$0] })
        let reshaped = store.intern(.reshape(full), [constant], shape: full, dtype: dtype)
        return draft.add(transposed, dtype, constant: store.intern(.transpose(back), [reshaped], shape: transposed, dtype: dtype))
    }
}

private func inverse(_ axes: [Int]) -> [Int] {
    var inverse = axes
    for (position, axis) in axes.enumerated() { inverse[axis] = position }
    return inverse
}

extension Op {
    /// The same primitive on operands whose axis `axes[i]` is this one's axis i; nil if it minds the order.
    fileprivate func alongAxes(_ axes: [Int]) -> Op? {
        switch self {
        case .unary, .binary: self
        case .softmax(let axis): .softmax(axis: axes[axis])
        case .logSoftmax(let axis): .logSoftmax(axis: axes[axis])
        case .reduce(let kind, let reduced, keepDims: true): .reduce(kind, axes: reduced.map { axes[$0] }.sorted(), keepDims: true)
        case .pad(let edges, let value): .pad(inverse(axes).map { edges[$0] }, value: value)
        case .concatenate(let axis): .concatenate(axis: axes[axis])
        case .cast(let dtype) where dtype.isFloatingPoint: self
        default: nil
        }
    }
}
