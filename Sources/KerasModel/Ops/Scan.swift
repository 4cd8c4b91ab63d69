import Tensors

/// A computation that is repeated for every step of sequences, each time with the states that the time before has left.
///
/// Operands: the sequences `(n, t, …)`, the states before the first step, then what is the same at every step. Results: the states after the
/// last step, then what is kept of each step, `(n, t, …)` at the step's own place, whichever way the steps go.
public struct Scan: Hashable, Sendable {
    /// One step. Inputs: the step's part `(n, …)` of each sequence, the states, what is the same at every step. Outputs: the new states, then
    /// what is kept.
    package let body: ScanBody
    package let sequences: Int
    package let states: Int
    /// True if it goes from the last step to the first.
    package let isReversed: Bool
    /// What the body is, if it is one that can be computed in one go.
    package let known: Known?

    /// Bodies that have a name.
    package enum Known: Hashable, Sendable {
        /// An LSTM of u units: the sums of its gates `(n, t, 4u)` but for the recurrent product, the states h and c, the kernel `(u, 4u)`; it
        /// keeps h or nothing.
        case longShortTerm(activation: Unary, gates: Unary)
        /// A GRU whose reset comes after the product: the sums `(n, t, 3u)`, the state h, the kernel `(u, 3u)` and its bias, if there is one; it
        /// keeps h or nothing.
        case gatedUnit(activation: Unary, gates: Unary)
    }

    package init(_ body: OpGraph, sequences: Int, states: Int, isReversed: Bool = false, known: Known? = nil) {
        self.body = ScanBody(body)
        self.known = known
        (self.sequences, self.states, self.isReversed) = (sequences, states, isReversed)
    }

    package var graph: OpGraph { body.graph }

    /// What is kept of each step comes after the states.
    package var kept: Int { graph.outputs.count - states }
}

/// A graph that is the same as itself alone.
package final class ScanBody: Hashable, Sendable {
    package let graph: OpGraph

    init(_ graph: OpGraph) { self.graph = graph }

    package static func == (a: ScanBody, b: ScanBody) -> Bool { a === b }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension Scan {
    /// - Throws: a `mismatch` problem if the operands are not what the body takes, or the new states not what the old ones were.
    func results(of operands: [Value]) throws -> [(shape: Shape, dtype: DType)] {
        let inputs = graph.inputs.map(graph.value)
        func refuse(_ found: String) -> KerasError {
            KerasError(.mismatch, "the operands of a loop are not what its body takes", found: found)
        }
        guard sequences > 0, operands.count == inputs.count, graph.outputs.count >= states, inputs.count >= sequences + states else {
            throw refuse("\(operands.count) operands for \(inputs.count) inputs")
        }
        let first = operands[0].shape
        guard first.rank >= 2 else { throw refuse("a sequence \(first)") }
        for (index, (operand, input)) in zip(operands, inputs).enumerated() {
            let expected = index < sequences ? try first.replacingRows(of: input.shape) : input.shape
            guard operand.shape == expected, operand.dtype == input.dtype, index >= sequences || input.shape.dims.first == first[0] else {
                throw refuse("\(operand.dtype) \(operand.shape) for \(input.dtype) \(input.shape)")
            }
        }
        return try graph.outputs.enumerated().map { index, output in
            let value = graph.value(output)
            if index < states {
                let state = inputs[sequences + index]
                guard value.shape == state.shape, value.dtype == state.dtype else {
                    throw KerasError(
                        .mismatch, "a state becomes another kind of state", found: "\(value.dtype) \(value.shape)",
                        expected: "\(state.dtype) \(state.shape)")
                }
                return (value.shape, value.dtype)
            }
            guard value.shape.dims.first == first[0] else { throw refuse("a result \(value.shape)") }
            return (try first.replacingRows(of: value.shape), value.dtype)
        }
    }
}

extension OpGraph {
    /// The part of the graph that leads from `inputs`, which may be any values, to `outputs`.
    ///
    /// - Throws: a `mismatch` problem if the outputs hang on an input that is not among them.
    package func part(from inputs: [ValueID], to outputs: [ValueID]) throws -> OpGraph {
        let given = Set(inputs)
        var isNeeded = [Bool](repeating: false, count: values.count)
        for output in outputs { isNeeded[output] = true }
        for node in nodes.reversed() where node.outputs.contains(where: { isNeeded[$0] && !given.contains($0) }) {
            for input in node.inputs { isNeeded[input] = true }
        }
        var part = OpGraph()
        var new: [ValueID: Value] = [:]
        for input in inputs { new[input] = part.input(shape: values[input].shape, dtype: values[input].dtype) }
        for (value, info) in values.enumerated() where isNeeded[value] && new[value] == nil {
            switch info.source {
            case .input: throw KerasError(.mismatch, "a part of a graph hangs on an input that it is not given")
            case .weight(let id): new[value] = part.weight(id, shape: info.shape, dtype: info.dtype)
            case .constant(let tensor): new[value] = part.constant(tensor)
            case .node: break
            }
        }
        for node in nodes where node.outputs.contains(where: { isNeeded[$0] && !given.contains($0) }) {
            let results = try part.emitAll(node.op, node.inputs.compactMap { new[$0] }, layer: node.layer)
            for (output, result) in zip(node.outputs, results) where !given.contains(output) { new[output] = result }
        }
        part.outputs = outputs.compactMap { new[$0]?.id }
        return part
    }
}

extension Shape {
    /// `(n, t, …)` for this sequence's n and t and the cells `(n, …)`.
    fileprivate func replacingRows(of cell: Shape) throws -> Shape { try Shape(checking: [self[0], self[1]] + cell.dims.dropFirst()) }
}
