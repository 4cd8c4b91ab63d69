import Tensors

private func reduction(_ kind: Reduction, keras3: [String], tensorflow: [String], graph: [String]) -> Operation {
    Operation(
        keras3: keras3.map { "\($0)(x, axis, keepdims, dtype, initial)" },
        tensorflow: tensorflow.map { "\($0)(x:input_tensor, axis, keepdims)" },
        graph: graph.map { "\($0)(x:input, axis:reduction_indices, keepdims:keep_dims)" },
        one: { call in
            guard !call.has("initial") else { throw call.unsupported("initial", "a number") }
            var x = try call.tensor()
            if let dtype = try call.dtype() { x = try call.cast(x, dtype) }
            if x.dtype == .bool { x = try call.cast(x, kind == .mean ? .float32 : .int32) }
            if kind == .mean, call.vocabulary == .keras3 { x = try call.real(x) }
            return try call.reduced(kind, x)
        })
}

/// The place of the largest or smallest number along an axis, the first of those that are equal.
private func place(of kind: Reduction, keras3: String, tensorflow: String, graph: String) -> Operation {
    Operation(
        keras3: ["\(keras3)(x, axis, keepdims)"],
        tensorflow: ["math.\(tensorflow)(x:input, axis, dtype:output_type)", "\(tensorflow)(x:input, axis, dtype:output_type)"],
        graph: ["\(graph)(x:input, axis:dimension, dtype:output_type)"],
        one: { call in
            var x = try call.counted(try call.tensor())
            var axis = try call.int("axis")
            let rank = x.rank
            if axis == nil {
                // TensorFlow's default is the first axis, Keras 3's all numbers in a row.
                if call.vocabulary == .keras3 { x = try call.reshape(x, [x.shape.count]) }
                axis = 0
            }
            let along = try call.resolved(axis!, x.rank)
            guard x.shape[along] > 0 else { throw KerasError(.mismatch, "there is nothing to choose from", found: "\(x.shape)") }
            let best = try call.emit(.reduce(kind, axes: [along], keepDims: true), x)
            let isBest = try call.emit(.binary(.equal), x, best)
            let count = Double(x.shape[along])
            let places = try call.count(to: x.shape[along], axis: along, rank: x.rank, as: .float32)
            let late = try call.affine(places, offset: -count)
            let candidates = try call.emit(.binary(.multiply), try call.cast(isBest, .float32), late)
            let keep = try call.bool("keepdims")
            let first = try call.affine(try call.emit(.reduce(.min, axes: [along], keepDims: keep), candidates), offset: count)
            let result = keep && !call.has("axis") ? try call.reshape(first, Array(repeating: 1, count: rank)) : first
            return try call.cast(result, .int32)
        })
}

let reductions: [Operation] = [
    reduction(.mean, keras3: ["Mean"], tensorflow: ["math.reduce_mean", "reduce_mean"], graph: ["Mean"]),
    reduction(.sum, keras3: ["Sum"], tensorflow: ["math.reduce_sum", "reduce_sum"], graph: ["Sum"]),
    reduction(.max, keras3: ["Max", "Amax"], tensorflow: ["math.reduce_max", "reduce_max"], graph: ["Max"]),
    reduction(.min, keras3: ["Min", "Amin"], tensorflow: ["math.reduce_min", "reduce_min"], graph: ["Min"]),
    reduction(.product, keras3: ["Prod"], tensorflow: ["math.reduce_prod", "reduce_prod"], graph: ["Prod"]),
    place(of: .max, keras3: "Argmax", tensorflow: "argmax", graph: "ArgMax"),
    place(of: .min, keras3: "Argmin", tensorflow: "argmin", graph: "ArgMin"),
    Operation(
        keras3: ["Var(x, axis, keepdims)"], tensorflow: ["math.reduce_variance(x:input_tensor, axis, keepdims)"],
        one: { try $0.variance(try $0.real(try $0.tensor())) }),
    Operation(
        keras3: ["Std(x, axis, keepdims)"], tensorflow: ["math.reduce_std(x:input_tensor, axis, keepdims)"],
        one: { try $0.emit(.unary(.sqrt), try $0.variance(try $0.real(try $0.tensor()))) }),
    Operation(
        keras3: ["All(x, axis, keepdims)"], tensorflow: ["math.reduce_all(x:input_tensor, axis, keepdims)"],
        graph: ["All(x:input, axis:reduction_indices, keepdims:keep_dims)"],
        one: { try $0.truth($0.reduced(.min, $0.indicator("x"))) }),
    Operation(
        keras3: ["Any(x, axis, keepdims)"], tensorflow: ["math.reduce_any(x:input_tensor, axis, keepdims)"],
        graph: ["Any(x:input, axis:reduction_indices, keepdims:keep_dims)"],
        one: { try $0.truth($0.reduced(.max, $0.indicator("x"))) }),
    Operation(
        keras3: ["Logsumexp(x, axis, keepdims)"], tensorflow: ["math.reduce_logsumexp(x:input_tensor, axis, keepdims)"],
        one: { call in
            let x = try call.real(try call.tensor())
            let axes = try call.axes(rank: x.rank) ?? Array(0..<x.rank)
            let largest = try call.emit(.reduce(.max, axes: axes, keepDims: true), x)
            let powers = try call.emit(.unary(.exp), try call.emit(.binary(.subtract), x, largest))
            let logarithm = try call.emit(.unary(.log), try call.emit(.reduce(.sum, axes: axes, keepDims: true), powers))
            let result = try call.emit(.binary(.add), logarithm, largest)
            return try call.bool("keepdims")
                ? result : try call.reshape(result, x.shape.dims.indices.filter { !axes.contains($0) }.map { x.shape[$0] })
        }),
]

let normalizingOperations: [Operation] = [
    Operation(
        keras3: ["Softmax(x, axis)"], tensorflow: ["nn.softmax(x:logits, axis)"], graph: ["Softmax(x:logits)"],
        one: { call in
            let x = try call.real(try call.tensor())
            // Keras 3: over several axes as over one.
            if let axes = try call.axes(rank: x.rank), axes.count > 1 {
                let others = x.shape.dims.indices.filter { !axes.contains($0) }
                let order = others + axes
                let moved = try call.transpose(x, order)
                let flat = try call.reshape(moved, others.map { x.shape[$0] } + [axes.reduce(1) { $0 * x.shape[$1] }])
                let result = try call.reshape(try call.emit(.softmax(axis: flat.rank - 1), flat), moved.shape.dims)
                return try call.transpose(result, order.indices.map { order.firstIndex(of: $0)! })
            }
            return try call.emit(.softmax(axis: try call.axis(rank: x.rank, default: -1)), x)
        }),
    Operation(
        keras3: ["LogSoftmax(x, axis)"], tensorflow: ["nn.log_softmax(x:logits, axis)", "math.log_softmax(x:logits, axis)"],
        graph: ["LogSoftmax(x:logits)"],
        one: { call in
            let x = try call.real(try call.tensor())
            return try call.emit(.logSoftmax(axis: try call.axis(rank: x.rank, default: -1)), x)
        }),
    Operation(
        tensorflow: ["math.l2_normalize(x, axis, epsilon)", "nn.l2_normalize(x, axis, epsilon)"],
        one: { call in
            let x = try call.tensor()
            let axes = try call.axes(rank: x.rank) ?? Array(0..<x.rank)
            let square = try call.emit(.reduce(.sumOfSquares, axes: axes, keepDims: true), x)
            let bounded = try call.emit(.unary(.clamp(low: try call.double("epsilon") ?? 1e-12, high: .infinity)), square)
            return try call.emit(.binary(.multiply), x, try call.emit(.unary(.rsqrt), bounded))
        }),
    Operation(
        keras3: ["Normalize(x, axis, order, epsilon)"],
        one: { call in
            let x = try call.real(try call.tensor())
            guard try call.int("order") ?? 2 == 2 else { throw call.unsupported("order", try call.int("order")!) }
            let axes = try call.axes(rank: x.rank) ?? [x.rank - 1]
            let square = try call.emit(.reduce(.sumOfSquares, axes: axes, keepDims: true), x)
            let inverse = try call.emit(.unary(.rsqrt), square)
            let bound = 1 / (try call.double("epsilon") ?? 1e-7)
            return try call.emit(.binary(.multiply), x, try call.emit(.unary(.clamp(low: -.infinity, high: bound)), inverse))
        }),
    Operation(
        keras3: ["Cumsum(x, axis, dtype)"], tensorflow: ["math.cumsum(x, axis, exclusive, reverse)"],
        graph: ["Cumsum(x, axis, exclusive, reverse)"],
        one: { call in
            let x = try call.tensor()
            let (isExclusive, isReversed) = (try call.bool("exclusive"), try call.bool("reverse"))
            let axis = try call.axis(rank: x.rank, default: 0)
            let count = x.shape[axis]
            guard count <= 4096 else { throw KerasError(.resource, "an axis is too long to be summed up", found: "\(count)") }
            var triangle = [Double](repeating: 0, count: count * count)
            for row in 0..<count {
                for column in 0..<count {
                    let distance = isReversed ? column - row : row - column
                    triangle[row * count + column] = distance > 0 || distance == 0 && !isExclusive ? 1 : 0
                }
            }
            let order = x.shape.dims.indices.filter { $0 != axis } + [axis]
            let moved = try call.transpose(x, order)
            let weights = call.constant(try Tensor(triangle, shape: [count, count]).converted(to: x.dtype))
            let flat = try call.reshape(moved, [moved.shape.count / max(count, 1), count])
            let summed = try call.emit(.matrixMultiply, flat, try call.transpose(weights, [1, 0]))
            return try call.transpose(try call.reshape(summed, moved.shape.dims), order.indices.map { order.firstIndex(of: $0)! })
        }),
]

extension OperationCall {
    /// `x` reduced along the axes that the call names.
    fileprivate func reduced(_ kind: Reduction, _ x: Value) throws -> Value {
        let axes = try axes(rank: x.rank) ?? Array(0..<x.rank)
        guard !axes.isEmpty else { return x }
        return try emit(.reduce(kind, axes: axes, keepDims: try bool("keepdims")), x)
    }

    fileprivate func variance(_ x: Value) throws -> Value {
        let axes = try axes(rank: x.rank) ?? Array(0..<x.rank)
        let mean = try emit(.reduce(.mean, axes: axes, keepDims: true), x)
        let square = try emit(.unary(.square), try emit(.binary(.subtract), x, mean))
        return try emit(.reduce(.mean, axes: axes, keepDims: try bool("keepdims")), square)
    }
}
