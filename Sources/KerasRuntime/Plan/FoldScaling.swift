import KerasModel
import Tensors

extension Draft {
    /// A batch normalization after a product becomes part of its kernel and bias: `(x·K + b) · s + t = x·(K·s) + (b·s + t)`.
    ///
    /// The new weights are computed in double precision. Only where nobody else sees the product's own result.
    mutating func foldScaling(_ store: ConstantStore) {
        let uses = useCounts()
        var producers = producers()
        var removed: Set<Int> = []
        for index in nodes.indices {
            guard let change = vectorChange(nodes[index]), let producer = producers[change.operand], uses[change.operand] == 1,
                let product = Product(nodes[producer], self), values[change.operand].shape == values[nodes[index].output].shape
            else { continue }
            apply(change, to: producer, product, store)
            nodes[producer].output = nodes[index].output
            producers[nodes[index].output] = producer
            removed.insert(index)
        }
        nodes = nodes.indices.filter { !removed.contains($0) }.map { nodes[$0] }
        // A product now gives what a later node gave: only constants stood between them, so the order still holds.
    }

    /// A product with a constant kernel, and the axis of the kernel that its results' last axis comes from.
    private struct Product {
        let kernel: ConstantID
        let filterAxis: Int
        let filters: Int

        init?(_ node: Node, _ draft: Draft) {
            guard node.inputs.count > 1, node.epilogue.isEmpty, node.bias.map({ draft.values[$0].constant != nil }) ?? true,
                let kernel = draft.values[node.inputs[1]].constant
            else { return nil }
            let shape = draft.values[node.inputs[1]].shape
            switch node.op {
            case .convolution: filterAxis = shape.rank - 1
            case .transposedConvolution: filterAxis = shape.rank - 2
            case .matrixMultiply where shape.rank == 2: filterAxis = 1
            default: return nil
            }
            self.kernel = kernel
            filters = shape[filterAxis]
        }
    }

    private mutating func apply(_ change: VectorChange, to producer: Int, _ product: Product, _ store: ConstantStore) {
        let dtype = values[nodes[producer].output].dtype
        let isScalar = values[change.vector].shape.count == 1
        let vectorShape: Shape = isScalar ? [1] : [product.filters]
        let vector = store.intern(.reshape(vectorShape), [values[change.vector].constant!], shape: vectorShape, dtype: dtype)
        var bias = nodes[producer].bias.flatMap { values[$0].constant }
        let biasShape: Shape = [product.filters]

        func combined(_ kind: Binary, _ bias: ConstantID?) -> ConstantID? {
            bias.map { store.intern(.binary(kind), [$0, vector], shape: biasShape, dtype: dtype) }
        }

        switch change.kind {
        case .multiply, .divide:
            let kind: Binary = change.kind == .multiply ? .multiply : .divide
            bias = combined(kind, bias)
            let kernelShape = values[nodes[producer].inputs[1]].shape
            var factors = [Int](repeating: 1, count: kernelShape.rank)
            factors[product.filterAxis] = vectorShape[0]
            let factor = store.intern(.reshape(Shape(factors)), [vector], shape: Shape(factors), dtype: dtype)
            let kernel = store.intern(.binary(kind), [product.kernel, factor], shape: kernelShape, dtype: dtype)
            nodes[producer].inputs[1] = add(kernelShape, dtype, constant: kernel)
        case .add:
            bias = combined(.add, bias) ?? store.intern(.broadcast(biasShape), [vector], shape: biasShape, dtype: dtype)
        case .subtract:
            let negative = store.intern(.unary(.negate), [vector], shape: vectorShape, dtype: dtype)
            bias = combined(.subtract, bias) ?? store.intern(.broadcast(biasShape), [negative], shape: biasShape, dtype: dtype)
        }
        if let bias {
            let value = add(biasShape, dtype, constant: bias)
            nodes[producer].inputs = Array(nodes[producer].inputs.prefix(2)) + [value]
        }
    }
}
