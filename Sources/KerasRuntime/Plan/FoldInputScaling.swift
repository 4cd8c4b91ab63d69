import KerasModel
import Tensors

extension Draft {
    /// A scaling of what a product takes becomes part of its kernel: `(x · s) · K = x · (s · K)`, as of pixels brought to 0…1. Padding
    /// does not mind: zeros stay zeros.
    ///
    /// An offset is left where it is: as part of the bias it would cancel against a large sum.
    mutating func foldInputScaling(_ store: ConstantStore) {
        let (producers, uses) = (producers(), useCounts())
        for index in nodes.indices {
            guard let x = nodes[index].inputs.first, let producer = producers[x], uses[x] == 1,
                let (operand, kernel) = scaledKernel(of: nodes[index], by: nodes[producer], store)
            else { continue }
            nodes[index].inputs[0] = operand
            nodes[index].inputs[1] = kernel
        }
        removeDeadNodes()
    }

    /// What is scaled, and the product's kernel with the scale in it.
    private mutating func scaledKernel(of product: Node, by scaling: Node, _ store: ConstantStore) -> (operand: ValueID, kernel: ValueID)? {
        guard product.inputs.count > 1, let kernel = values[product.inputs[1]].constant, let axis = inputAxis(product),
            !values[product.output].dtype.isHalf
        else { return nil }
        let (shape, dtype) = (values[product.inputs[1]].shape, values[product.inputs[1]].dtype)
        if case .unary(.affine(let scale, offset: 0)) = scaling.op {
            let scaled = store.intern(.unary(.affine(scale: scale, offset: 0)), [kernel], shape: shape, dtype: dtype)
            return (scaling.inputs[0], add(shape, dtype, constant: scaled))
        }
        guard let change = vectorChange(scaling), change.kind == .multiply || change.kind == .divide,
            values[change.operand].shape == values[scaling.output].shape, let vector = values[change.vector].constant
        else { return nil }
        let count = values[change.vector].shape.count
        guard count == 1 || count == shape[axis] else { return nil }
        var dims = [Int](repeating: 1, count: shape.rank)
        dims[axis] = count
        let factor = store.intern(.reshape(Shape(dims)), [vector], shape: Shape(dims), dtype: dtype)
        let kind: Binary = change.kind == .multiply ? .multiply : .divide
        let scaled = store.intern(.binary(kind), [kernel, factor], shape: shape, dtype: dtype)
        return (change.operand, add(shape, dtype, constant: scaled))
    }

    /// The axis of a product's kernel that runs along the last axis of what it takes; nil for what is no product.
    private func inputAxis(_ node: Node) -> Int? {
        let rank = values[node.inputs[1]].shape.rank
        switch node.op {
        // A group's kernel sees its own channels only.
        case .convolution(let convolution): return convolution.groups == 1 ? rank - 2 : nil
        case .transposedConvolution: return rank - 1
        case .matrixMultiply: return rank == 2 ? 0 : nil
        default: return nil
        }
    }
}
