import KerasModel

extension PlanBuilder {
    /// The step that runs a node; its output and operands have their places.
    mutating func makeStep(_ node: Draft.Node) throws -> any Step<T> {
        switch node.op {
        case .convolution(let convolution): try convolution.step(node, &self)
        case .transposedConvolution(let convolution): try convolution.step(node, &self)
        case .matrixMultiply: try MatrixMultiplyStep<T>.make(node, &self)
        case .pool(let pool): try pool.step(node, &self)
        case .unary(let unary): try UnaryStep<T>.make(unary, node, &self)
        case .binary where node.addend != nil: try ScaleShiftStep<T>.make(node, &self)
        case .binary(let binary): try BinaryStep<T>.make(binary, node, &self)
        case .reduce(let kind, let axes, _): try ReduceStep<T>.make(kind, axes: axes, node, &self)
        case .softmax(let axis): try SoftmaxStep<T>.make(axis: axis, logarithm: false, node, &self)
        case .logSoftmax(let axis): try SoftmaxStep<T>.make(axis: axis, logarithm: true, node, &self)
        case .sparsemax: try SparsemaxStep<T>.make(node, &self)
        case .reshape, .stopGradient: try moveStep(node, StridedCopy(shape(node.output)))
        case .transpose(let axes): try makeTranspose(axes, node)
        case .reverse(let axes): try makeReverse(axes, node)
        case .pad(let edges, let value): try makePad(edges, value: value, node)
        case .slice(let starts, let sizes): try makeSlice(starts: starts, sizes: sizes, node)
        case .concatenate(let axis): try makeConcatenate(axis: axis, node)
        case .gather: try GatherStep<T>.make(node, &self)
        case .order(let isDescending): try OrderStep<T>.make(isDescending: isDescending, node, &self)
        case .pick: try PickStep<T>.make(node, &self)
        case .repeatElements(let axis, let count): try makeRepeat(axis: axis, count: count, node)
        case .broadcast: try makeBroadcast(node)
        case .cast(let dtype): try CastStep<T>.make(to: dtype, node, &self)
        case .random(let random, _): try RandomStep<T>(random, node, &self)
        case .convolutionKernelGradient(let convolution, let kernel): try convolution.kernelGradientStep(kernel, node, &self)
        case .poolGradient(let pool, _): try pool.gradientStep(node, &self)
        case .scatterAdd: try ScatterAddStep<T>.make(node, &self)
        case .sparsemaxGradient: try SparsemaxGradientStep<T>.make(node, &self)
        case .pickGradient: try PickGradientStep<T>.make(node, &self)
        case .scan(let scan): try scanStep(scan, node, splits: true)
        }
    }
}

extension Draft.Node {
    /// The step's name in profiles.
    var name: String {
        if case .binary = op, epilogue.hasAddend { return "scale shift" }
        return op.name
    }
}

extension Op {
    /// The primitive's name in profiles.
    var name: String {
        switch self {
        case .convolution(let convolution): convolution.groups > 1 ? "grouped convolution" : "convolution"
        case .transposedConvolution: "transposed convolution"
        case .matrixMultiply: "matrix product"
        case .pool: "pool"
        case .unary(let unary): "\(unary)"
        case .binary(let binary): "\(binary)"
        case .reduce(let kind, _, _): "\(kind)"
        case .softmax: "softmax"
        case .logSoftmax: "log softmax"
        case .sparsemax: "sparsemax"
        case .reshape: "reshape"
        case .transpose: "transpose"
        case .reverse: "reverse"
        case .pad: "pad"
        case .slice: "slice"
        case .concatenate: "concatenate"
        case .gather: "gather"
        case .order: "order"
        case .pick: "pick"
        case .stopGradient: "stop gradient"
        case .repeatElements: "repeat"
        case .broadcast: "broadcast"
        case .cast: "cast"
        case .random: "random numbers"
        case .convolutionKernelGradient: "kernel gradient"
        case .poolGradient: "pool gradient"
        case .scatterAdd: "scatter"
        case .sparsemaxGradient: "sparsemax gradient"
        case .pickGradient: "pick gradient"
        case .scan: "scan"
        }
    }
}
