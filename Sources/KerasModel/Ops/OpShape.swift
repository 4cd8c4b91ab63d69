import Tensors

extension Op {
    /// The shape and type of what the primitive gives for these operands: the one place where they are checked.
    ///
    /// - Throws: a `mismatch` problem if the operands do not fit together.
    func results(of operands: [Value]) throws -> [(shape: Shape, dtype: DType)] {
        guard let first = operands.first else { throw KerasError(.mismatch, "a primitive has no operand", found: "\(self)") }
        if case .scan(let scan) = self {
            let results = try scan.results(of: operands)
            guard !results.isEmpty else { throw KerasError(.mismatch, "a loop gives nothing") }
            return results
        }
        return [(try shape(of: operands, first.shape), dtype(first.dtype))]
    }

    private func dtype(_ input: DType) -> DType {
        if case .cast(let target) = self { return target }
        if case .random(let random, _) = self { return random.dtype }
        if case .order = self { return .int32 }
        return input
    }

    private func shape(of operands: [Value], _ x: Shape) throws -> Shape {
        switch self {
        case .convolution(let convolution): return try convolution.outputShape(x, kernel: second(operands))
        case .transposedConvolution(let convolution): return try convolution.outputShape(x, kernel: second(operands))
        case .matrixMultiply: return try matrixShape(x, second(operands))
        case .pool(let pool): return try pool.outputShape(x)
        case .unary, .cast, .stopGradient, .scan: return x
        case .softmax(let axis), .logSoftmax(let axis):
            try check(x.dims.indices.contains(axis), operands)
            return x
        case .sparsemax, .order:
            try check(x.rank >= 1, operands)
            return x
        case .pick:
            let places = try second(operands)
            try check(x.rank >= 1 && x.rank == places.rank && x.dims.dropLast() == places.dims.dropLast(), operands)
            return places
        case .binary: return try Shape.broadcast(x, second(operands))
        case .reduce(_, let axes, let keepDims):
            try check(axes.allSatisfy { $0 >= 0 && $0 < x.rank }, operands)
            return Shape(x.dims.indices.compactMap { axes.contains($0) ? (keepDims ? 1 : nil) : x[$0] })
        case .reshape(let target):
            try check(target.count == x.count, operands)
            return target
        case .transpose(let axes):
            try check(axes.sorted() == Array(x.dims.indices), operands)
            return Shape(axes.map { x[$0] })
        case .reverse(let axes):
            try check(axes.allSatisfy(x.dims.indices.contains), operands)
            return x
        case .pad(let edges, _):
            try check(edges.count == x.rank && edges.allSatisfy { $0.before >= 0 && $0.after >= 0 }, operands)
            return try Shape(checking: zip(x.dims, edges).map { $0 + $1.total })
        case .slice(let starts, let sizes):
            let fits =
                starts.count == x.rank && sizes.count == x.rank
                && x.dims.indices.allSatisfy {
                    starts[$0] >= 0 && sizes[$0] >= 0 && starts[$0] + sizes[$0] <= x[$0]
                }
            try check(fits, operands)
            return Shape(sizes)
        case .concatenate(let axis):
            let fits =
                axis >= 0 && axis < x.rank
                && operands.allSatisfy { operand in
                    operand.shape.rank == x.rank && x.dims.indices.allSatisfy { $0 == axis || operand.shape[$0] == x[$0] }
                }
            try check(fits, operands)
            var dims = x.dims
            dims[axis] = operands.reduce(0) { $0 + $1.shape[axis] }
            return try Shape(checking: dims)
        case .gather:
            try check(x.rank >= 1, operands)
            return try Shape(checking: second(operands).dims + x.dims.dropFirst())
        case .repeatElements(let axis, let count):
            try check(axis >= 0 && axis < x.rank && count >= 0, operands)
            var dims = x.dims
            dims[axis] = try Shape(checking: [dims[axis], count]).count
            return try Shape(checking: dims)
        case .broadcast(let target):
            try check(try Shape.broadcast(x, target) == target, operands)
            return target
        case .random(_, let shape):
            try check(x.dims == [4], operands)
            return shape
        case .convolutionKernelGradient(let convolution, let kernel):
            return try convolution.kernelGradientShape(x, second(operands), kernel)
        case .poolGradient(let pool, let input):
            try check(try pool.outputShape(input) == x && operands.count == (pool.kind == .max ? 3 : 1), operands)
            return input
        case .scatterAdd(let rows):
            let indices = try second(operands)
            try check(rows >= 0 && x.dims.starts(with: indices.dims), operands)
            return try Shape(checking: [rows] + x.dims.dropFirst(indices.rank))
        case .pickGradient(let length):
            try check(x.rank >= 1 && length >= 0 && x == (try second(operands)), operands)
            return try Shape(checking: x.dims.dropLast() + [length])
        case .sparsemaxGradient:
            try check(x.rank >= 1 && x == (try second(operands)), operands)
            return x
        }
    }

    private func second(_ operands: [Value]) throws -> Shape {
        guard operands.count > 1 else { throw KerasError(.mismatch, "a primitive lacks its second operand", found: "\(self)") }
        return operands[1].shape
    }

    private func check(_ condition: Bool, _ operands: [Value]) throws {
        guard condition else {
            throw KerasError(
                .mismatch, "shapes do not fit together", found: operands.map { "\($0.shape)" }.joined(separator: ", "),
                expected: "operands of \(self)")
        }
    }

    private func matrixShape(_ a: Shape, _ b: Shape) throws -> Shape {
        guard a.rank >= 2, b.rank >= 2, a[a.rank - 1] == b[b.rank - 2] else {
            throw KerasError(.mismatch, "matrices do not fit together", found: "\(a) × \(b)")
        }
        let leading = try Shape.broadcast(Shape(a.dims.dropLast(2)), Shape(b.dims.dropLast(2)))
        return try Shape(checking: leading.dims + [a[a.rank - 2], b[b.rank - 1]])
    }
}

extension Shape {
    init(_ dims: ArraySlice<Int>) { self.init(Array(dims)) }

    /// The common shape of two operands, as numpy broadcasts.
    package static func broadcast(_ a: Shape, _ b: Shape) throws -> Shape {
        let rank = max(a.rank, b.rank)
        return Shape(
            try (0..<rank).map { axis in
                let (x, y) = (a.dim(axis, of: rank), b.dim(axis, of: rank))
                guard x == y || x == 1 || y == 1 else { throw KerasError(.mismatch, "shapes do not broadcast", found: "\(a) and \(b)") }
                return x == 1 ? y : x
            })
    }

    /// The length of `axis` if the shape had ones put before it up to `rank`.
    private func dim(_ axis: Int, of rank: Int) -> Int {
        let own = axis - (rank - self.rank)
        return own < 0 ? 1 : self[own]
    }
}

extension Convolution {
    /// `floor((s + padding − k_eff) / stride) + 1` along each spatial axis.
    func outputShape(_ x: Shape, kernel: Shape) throws -> Shape {
        let rank = strides.count
        guard x.rank == rank + 2, kernel.rank == rank + 2, groups > 0, kernel[rank] * groups == x[rank + 1], kernel[rank + 1] % groups == 0
        else {
            throw KerasError(.mismatch, "a kernel does not fit its input", found: "input \(x), kernel \(kernel), \(groups) groups")
        }
        let spatial = try (0..<rank).map { axis in
            let extent = (kernel[axis] - 1) * dilation[axis] + 1
            return try windows(x[axis + 1] + padding[axis].total, extent: extent, stride: strides[axis])
        }
        return try Shape(checking: [x[0]] + spatial + [kernel[rank + 1]])
    }
}

extension Convolution {
    fileprivate func kernelGradientShape(_ x: Shape, _ dy: Shape, _ kernel: [Int]) throws -> Shape {
        let rank = strides.count
        guard x.rank == rank + 2, dy.rank == rank + 2, groups > 0, x[rank + 1] % groups == 0 else {
            throw KerasError(.mismatch, "a gradient does not fit its convolution", found: "input \(x), gradient \(dy)")
        }
        let shape = try Shape(checking: kernel + [x[rank + 1] / groups, dy[rank + 1]])
        guard try outputShape(x, kernel: shape) == dy else {
            throw KerasError(
                .mismatch, "a gradient does not fit its convolution", found: "\(dy)", expected: "\(try outputShape(x, kernel: shape))")
        }
        return shape
    }
}

extension TransposedConvolution {
    func outputShape(_ x: Shape, kernel: Shape) throws -> Shape {
        let rank = strides.count
        guard x.rank == rank + 2, kernel.rank == rank + 2, groups > 0, kernel[rank + 1] == x[rank + 1], x[rank + 1] % groups == 0 else {
            throw KerasError(.mismatch, "a kernel does not fit its input", found: "input \(x), kernel \(kernel), \(groups) groups")
        }
        return try Shape(checking: [x[0]] + output + [groups * kernel[rank]])
    }
}

extension Pool {
    func outputShape(_ x: Shape) throws -> Shape {
        guard x.rank == window.count + 2 else {
            throw KerasError(.mismatch, "a pooling window does not fit its input", found: "input \(x), window \(Shape(window))")
        }
        let spatial = try window.indices.map { try windows(x[$0 + 1] + padding[$0].total, extent: window[$0], stride: strides[$0]) }
        return Shape([x[0]] + spatial + [x[x.rank - 1]])
    }
}

private func windows(_ length: Int, extent: Int, stride: Int) throws -> Int {
    guard stride > 0, extent > 0, length >= extent else {
        throw KerasError(.mismatch, "a window is larger than its input", found: "\(length) cells", expected: "at least \(extent)")
    }
    return (length - extent) / stride + 1
}
