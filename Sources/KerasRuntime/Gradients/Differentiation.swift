import KerasModel
import Tensors

/// One node while its gradient is written.
struct Backward {
    let operands: [Term]
    /// Which operands a gradient is wanted for.
    let wanted: [Bool]
    /// What the node gave.
    let y: Term
    /// What its result gets.
    let dy: Term

    var x: Term { operands[0] }
}

extension OpGraph {
    /// Writes into the graph what `values` get from a value that gets `seed`: reverse-mode differentiation.
    ///
    /// - Returns: nil for what the value does not hang on.
    /// - Throws: `unsupported` for primitives without a gradient.
    package mutating func addGradients(of target: ValueID, seed: ValueID, for values: [ValueID]) throws -> [ValueID?] {
        try addGradients(of: [(target, seed)], for: values)
    }

    /// The same from several values at once.
    package mutating func addGradients(of targets: [(value: ValueID, seed: ValueID)], for values: [ValueID]) throws -> [ValueID?] {
        var isReached = [Bool](repeating: false, count: self.values.count)
        for value in values { isReached[value] = true }
        for node in nodes where node.op.isDifferentiable && node.inputs.contains(where: { isReached[$0] }) {
            for output in node.outputs { isReached[output] = self.values[output].dtype.isFloatingPoint }
        }
        let tape = Tape(self)
        var gradients: [ValueID: Term] = [:]
        func add(_ term: Term, to value: ValueID) throws { gradients[value] = try gradients[value].map { try $0 + term } ?? term }
        for (value, seed) in targets where isReached[value] { try add(tape.term(seed), to: value) }
        for (place, node) in nodes.enumerated().reversed() where node.outputs.contains(where: { isReached[$0] }) {
            let given = node.outputs.map { gradients[$0] }
            guard let dy = given.compactMap({ $0 }).first else { continue }
            tape.layer = node.layer
            let (operands, wanted) = (node.inputs.map(tape.term), node.inputs.map { isReached[$0] })
            let found = try KerasError.placing(Place(layer: node.layer.isEmpty ? nil : node.layer)) {
                if case .scan(let scan) = node.op {
                    return try ScanGradient(scan: scan, index: place, operands: operands, wanted: wanted, given: given, tape: tape).terms()
                }
                return try node.op.gradients(Backward(operands: operands, wanted: wanted, y: tape.term(node.output), dy: dy))
            }
            for (index, term) in found.enumerated() where wanted[index] {
                if let term { try add(term, to: node.inputs[index]) }
            }
        }
        self = tape.graph
        return values.map { gradients[$0]?.value.id }
    }
}

extension Op {
    /// False for steps: their gradient is 0 wherever they have one.
    package var isDifferentiable: Bool {
        switch self {
        case .unary(.sign), .unary(.floor), .unary(.ceil), .unary(.round), .order, .stopGradient: false
        case .binary(.equal), .binary(.notEqual), .binary(.less), .binary(.lessOrEqual), .binary(.greater), .binary(.greaterOrEqual): false
        default: true
        }
    }

    /// What each operand gets; nil for nothing. What nobody wants need not be written.
    func gradients(_ call: Backward) throws -> [Term?] {
        switch self {
        case .convolution(let convolution): try convolution.gradients(call)
        case .transposedConvolution(let convolution): try convolution.gradients(call)
        case .matrixMultiply: try matrixMultiplyGradients(call)
        case .pool(let pool): [try pool.gradient(call)]
        case .unary(let unary): [try unary.gradient(call.x, call.y, call.dy)]
        case .binary(let binary): try binary.gradients(call)
        case .reduce(let kind, let axes, _): [try kind.gradient(call, axes)]
        case .softmax(let axis): [try call.y * (call.dy - (call.dy * call.y).sum([axis], keepDims: true))]
        case .logSoftmax(let axis): [try call.dy - call.y(.exp) * call.dy.sum([axis], keepDims: true)]
        case .sparsemax: [try call.dy.emit(.sparsemaxGradient, call.x)]
        case .reshape: [try call.dy.reshaped(call.x.shape)]
        case .transpose(let axes): [try call.dy.transposed(axes.indices.map { axes.firstIndex(of: $0) ?? $0 })]
        case .reverse: [try call.dy.emit(self)]
        case .pad(let edges, _): [try call.dy.emit(.slice(starts: edges.map(\.before), sizes: call.x.shape.dims))]
        case .slice(let starts, _): [try sliceGradient(call, starts)]
        case .concatenate(let axis): try concatenateGradients(call, axis)
        case .gather: [try call.dy.emit(.scatterAdd(rows: call.x.shape[0]), call.operands[1]), nil]
        case .pick: [try call.dy.emit(.pickGradient(length: call.x.shape[call.x.shape.rank - 1]), call.operands[1]), nil]
        case .order, .stopGradient: [nil]
        case .repeatElements(let axis, let count): [try repeatGradient(call, axis, count)]
        case .broadcast: [try call.dy.summed(to: call.x.shape)]
        case .cast: [call.dy.dtype == call.x.dtype ? call.dy : try call.dy.emit(.cast(call.x.dtype))]
        case .random: [nil]
        // By itself: it has several results.
        case .scan: call.operands.map { _ in nil }
        case .convolutionKernelGradient, .poolGradient, .scatterAdd, .sparsemaxGradient, .pickGradient:
            throw KerasError(.unsupported, "gradients of gradients are not computed", found: "\(self)")
        }
    }

    private func sliceGradient(_ call: Backward, _ starts: [Int]) throws -> Term {
        let edges = starts.indices.map { Edges(starts[$0], call.x.shape[$0] - starts[$0] - call.dy.shape[$0]) }
        return try call.dy.emit(.pad(edges, value: 0))
    }

    private func concatenateGradients(_ call: Backward, _ axis: Int) throws -> [Term?] {
        var start = 0
        return try zip(call.operands, call.wanted).map { operand, isWanted in
            defer { start += operand.shape[axis] }
            guard isWanted else { return nil }
            var starts = [Int](repeating: 0, count: operand.shape.rank)
            starts[axis] = start
            return try call.dy.emit(.slice(starts: starts, sizes: operand.shape.dims))
        }
    }

    private func repeatGradient(_ call: Backward, _ axis: Int, _ count: Int) throws -> Term {
        var dims = call.x.shape.dims
        dims.insert(count, at: axis + 1)
        return try call.dy.reshaped(Shape(dims)).sum([axis + 1]).reshaped(call.x.shape)
    }

    private func matrixMultiplyGradients(_ call: Backward) throws -> [Term?] {
        let (a, b, dy) = (call.operands[0], call.operands[1], call.dy)
        var gradients: [Term?] = [call.wanted[0] ? try leftGradient(call) : nil, nil]
        if call.wanted[1] {
            // One matrix for all rows: its gradient is that of a convolution with a window of one cell.
            let isShared = b.shape.rank == 2
            gradients[1] =
                isShared ? try sharedMatrixGradient(a, dy) : try a.matrixTransposed().emit(.matrixMultiply, dy).summed(to: b.shape)
        }
        if call.operands.count > 2 { gradients.append(call.wanted[2] ? try dy.columnSums() : nil) }
        return gradients
    }

    /// `dy · bᵀ`. Where that has fewer rows than the matrix, and the matrix is another at each step, the matrix's rows are read where they lie, and
    /// the few of `dy` are packed: `(b · dyᵀ)ᵀ`.
    private func leftGradient(_ call: Backward) throws -> Term {
        let (a, b, dy) = (call.operands[0], call.operands[1], call.dy)
        guard call.wanted[1], b.shape.rank == 2, dy.shape.rank == 2, 2 * dy.shape[0] <= dy.shape[1] else {
            return try dy.emit(.matrixMultiply, b.matrixTransposed()).summed(to: a.shape)
        }
        return try b.emit(.matrixMultiply, dy.matrixTransposed()).matrixTransposed()
    }

    private func sharedMatrixGradient(_ a: Term, _ dy: Term) throws -> Term {
        let (k, n) = (a.shape[a.shape.rank - 1], dy.shape[dy.shape.rank - 1])
        let rows = dy.shape.count / max(n, 1)
        let window = Convolution(strides: [1], dilation: [1], padding: [.none])
        return try window.kernelGradient(
            a.reshaped(try Shape(checking: [rows, 1, k])), dy.reshaped(try Shape(checking: [rows, 1, n])), [1]
        )
        .reshaped(try Shape(checking: [k, n]))
    }
}
