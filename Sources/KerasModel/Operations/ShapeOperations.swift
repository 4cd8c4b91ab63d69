import Tensors

let shapeOperations: [Operation] = [
    Operation(
        keras3: ["Reshape(x, shape:newshape)"], tensorflow: ["reshape(x:tensor, shape)"], graph: ["Reshape(x:tensor, shape)"],
        one: { call in
            let (x, wanted) = (try call.tensor(), try call.ints("shape") ?? [])
            let known = wanted.filter { $0 != -1 }
            guard known.count >= wanted.count - 1 else { throw call.unsupported("shape", "\(wanted)") }
            let count = try Shape(checking: known).count
            if known.count == wanted.count { return try call.emit(.reshape(try Shape(checking: wanted)), x) }
            guard count > 0, x.shape.count % count == 0 else {
                throw KerasError(.mismatch, "a tensor does not take this shape", found: "\(x.shape)", expected: "\(wanted)")
            }
            return try call.reshape(x, wanted.map { $0 == -1 ? x.shape.count / count : $0 })
        }),
    Operation(
        keras3: ["Transpose(x, axes)"],
        tensorflow: ["transpose(x:a, axes:perm, conjugate)", "compat.v1.transpose(x:a, axes:perm, conjugate)"],
        graph: ["Transpose(x, axes:perm)"],
        one: { call in
            let x = try call.tensor()
            let axes = try call.ints("axes") ?? Array((0..<x.rank).reversed())
            return try call.transpose(x, try axes.map { try call.resolved($0, x.rank) })
        }),
    Operation(
        keras3: ["Swapaxes(x, a:axis1, b:axis2)"],
        one: { call in
            let x = try call.tensor()
            var order = Array(0..<x.rank)
            order.swapAt(try call.axis("a", rank: x.rank), try call.axis("b", rank: x.rank))
            return try call.transpose(x, order)
        }),
    Operation(
        keras3: ["Moveaxis(x, source, destination)"],
        one: { call in
            let x = try call.tensor()
            let from = try (call.ints("source") ?? []).map { try call.resolved($0, x.rank) }
            let to = try (call.ints("destination") ?? []).map { try call.resolved($0, x.rank) }
            guard from.count == to.count else { throw call.unsupported("destination", "\(to)") }
            var order = Array(0..<x.rank).filter { !from.contains($0) }
            for (target, source) in zip(to, from).sorted(by: { $0.0 < $1.0 }) {
                guard target <= order.count else { throw call.unsupported("destination", "\(to)") }
                order.insert(source, at: target)
            }
            return try call.transpose(x, order)
        }),
    Operation(keras3: ["Ravel(x)"], one: { call in try call.reshape(try call.tensor(), [try call.tensor().shape.count]) }),
    Operation(
        keras3: ["ExpandDims(x, axis)"],
        tensorflow: ["expand_dims(x:input, axis)", "compat.v1.expand_dims(x:input, axis, dim)"], graph: ["ExpandDims(x:input, axis:dim)"],
        one: { call in
            let x = try call.tensor()
            var axes = try call.ints(call.has("axis") ? "axis" : "dim") ?? []
            let rank = x.rank + axes.count
            axes = try axes.map { try call.resolved($0, rank) }.sorted()
            var dims = x.shape.dims
            for axis in axes { dims.insert(1, at: min(axis, dims.count)) }
            return try call.reshape(x, dims)
        }),
    Operation(
        keras3: ["Squeeze(x, axis)"], tensorflow: ["squeeze(x:input, axis)", "compat.v1.squeeze(x:input, axis, axis:squeeze_dims)"],
        graph: ["Squeeze(x:input, axis:squeeze_dims)"],
        one: { call in
            let x = try call.tensor()
            // An empty list is TensorFlow's graphs' way to say none.
            let given = try call.axes(rank: x.rank) ?? []
            let axes = given.isEmpty ? x.shape.dims.indices.filter { x.shape[$0] == 1 } : given
            guard axes.allSatisfy({ x.shape[$0] == 1 }) else {
                throw KerasError(.mismatch, "an axis to be taken out is longer than 1", found: "\(x.shape)", expected: "1 at \(axes)")
            }
            return try call.reshape(x, x.shape.dims.indices.filter { !axes.contains($0) }.map { x.shape[$0] })
        }),
    Operation(
        keras3: ["BroadcastTo(x, shape)"], tensorflow: ["broadcast_to(x:input, shape)"], graph: ["BroadcastTo(x:input, shape)"],
        one: { call in
            let (x, shape) = (try call.tensor(), try call.ints("shape") ?? [])
            guard shape.count >= x.rank else { throw call.unsupported("shape", "\(shape)") }
            // −1 keeps a length.
            let own = Array(repeating: 1, count: shape.count - x.rank) + x.shape.dims
            return try call.emit(.broadcast(try Shape(checking: zip(shape, own).map { $0 == -1 ? $1 : $0 })), x)
        }),
    Operation(
        keras3: ["Tile(x, repeats)"], tensorflow: ["tile(x:input, repeats:multiples)"], graph: ["Tile(x:input, repeats:multiples)"],
        one: { call in
            var (x, repeats) = (try call.tensor(), try call.ints("repeats") ?? [])
            guard repeats.allSatisfy({ $0 >= 0 }) else { throw call.unsupported("repeats", "\(repeats)") }
            let rank = max(x.rank, repeats.count)
            x = try call.reshape(x, Array(repeating: 1, count: rank - x.rank) + x.shape.dims)
            repeats = Array(repeating: 1, count: rank - repeats.count) + repeats
            for (axis, count) in repeats.enumerated() where count != 1 {
                x =
                    count == 0
                    ? try call.sliced(x, axis, 0, 0)
                    : try call.emit(.concatenate(axis: axis), Array(repeating: x, count: try bounded(count)))
            }
            return x
        }),
    Operation(
        keras3: ["Repeat(x, repeats, axis)"], tensorflow: ["repeat(x:input, repeats, axis)"],
        one: { call in
            var x = try call.tensor()
            guard let counts = try call.ints("repeats"), counts.count == 1, counts[0] >= 0 else {
                throw call.unsupported("repeats", "a list")
            }
            if !call.has("axis") { x = try call.reshape(x, [x.shape.count]) }
            return try call.emit(.repeatElements(axis: try call.axis(rank: x.rank, default: 0), count: counts[0]), x)
        }),
    Operation(
        keras3: ["Flip(x, axis)"], tensorflow: ["reverse(x:tensor, axis)"], graph: ["ReverseV2(x:tensor, axis)"],
        one: { call in
            let x = try call.tensor()
            return try call.emit(.reverse(try call.axes(rank: x.rank) ?? Array(0..<x.rank)), x)
        }),
    Operation(
        keras3: ["Roll(x, shift, axis)"], tensorflow: ["roll(x:input, shift, axis)"], graph: ["Roll(x:input, shift, axis)"],
        one: { call in
            var x = try call.tensor()
            let shape = x.shape.dims
            let shifts = try call.ints("shift") ?? []
            if !call.has("axis") { x = try call.reshape(x, [x.shape.count]) }
            let axes = try (call.ints("axis") ?? [0]).map { try call.resolved($0, x.rank) }
            guard shifts.count == axes.count || shifts.count == 1 else { throw call.unsupported("shift", "\(shifts)") }
            for (place, axis) in axes.enumerated() where x.shape[axis] > 0 {
                let length = x.shape[axis]
                let shift = ((shifts.count == 1 ? shifts[0] : shifts[place]) % length + length) % length
                guard shift != 0 else { continue }
                let parts = [try call.sliced(x, axis, length - shift, shift), try call.sliced(x, axis, 0, length - shift)]
                x = try call.emit(.concatenate(axis: axis), parts)
            }
            return try call.reshape(x, shape)
        }),
    Operation(
        keras3: ["Pad(x, widths:pad_width, mode, value:constant_values)"],
        tensorflow: [
            "pad(x:tensor, widths:paddings, mode, value:constant_values)",
            "compat.v1.pad(x:tensor, widths:paddings, mode, name, value:constant_values)",
        ],
        graph: [
            "Pad(x:input, widths:paddings)", "PadV2(x:input, widths:paddings, value:constant_values)",
            "MirrorPad(x:input, widths:paddings, mode)",
        ],
        one: { call in
            let x = try call.tensor()
            var widths = try call.pairs("widths") ?? []
            if widths.count == 1, x.rank > 1 { widths = Array(repeating: widths[0], count: x.rank) }
            guard widths.count == x.rank, widths.allSatisfy({ $0.count == 2 && $0[0] >= 0 && $0[1] >= 0 }) else {
                throw call.unsupported("paddings", "\(widths)")
            }
            let edges = widths.map { Edges($0[0], $0[1]) }
            switch (try call.string("mode") ?? "constant").lowercased() {
            case "constant": return try call.emit(.pad(edges, value: try call.double("value") ?? 0), x)
            case "reflect": return try call.mirrored(x, edges, skip: 1)
            case "symmetric": return try call.mirrored(x, edges, skip: 0)
            case let mode: throw call.unsupported("mode", mode)
            }
        }),
    Operation(
        tensorflow: ["shape(x:input, dtype:out_type)", "compat.v1.shape(x:input, name, dtype:out_type)"],
        graph: ["Shape(x:input, dtype:out_type)"],
        one: { try $0.constant(Tensor($0.tensor().shape.dims.map { Int32(clamping: $0) })) }),
    Operation(
        keras3: ["Ndim(x)"], tensorflow: ["rank(x:input)"], graph: ["Rank(x:input)"],
        one: { $0.constant(try Tensor([Int32(try $0.tensor().rank)], shape: [])) }),
    Operation(
        keras3: ["Size(x)"], tensorflow: ["size(x:input, dtype:out_type)"], graph: ["Size(x:input, dtype:out_type)"],
        one: { $0.constant(try Tensor([Int32(clamping: try $0.tensor().shape.count)], shape: [])) }),
    Operation(
        keras3: ["OnesLike(x, dtype)"], tensorflow: ["ones_like(x:input, dtype)"], graph: ["OnesLike(x)"], one: { try $0.filled(1) }),
    Operation(
        keras3: ["ZerosLike(x, dtype)"], tensorflow: ["zeros_like(x:input, dtype)"], graph: ["ZerosLike(x)"], one: { try $0.filled(0) }),
    Operation(
        keras3: ["FullLike(x, fill_value, dtype)"],
        one: { call in
            guard let value = try call.double("fill_value") else { throw call.lacking("fill_value") }
            return try call.filled(value)
        }),
    Operation(
        tensorflow: ["fill(shape:dims, value)"], graph: ["Fill(shape:dims, value)"],
        one: { call in
            let value = try call.tensor("value")
            return try call.emit(.broadcast(try Shape(checking: try call.ints("shape") ?? [])), value)
        }),
]

private func bounded(_ count: Int) throws -> Int {
    guard count <= 1 << 16 else {
        throw KerasError(.resource, "a tensor is repeated too often", found: "\(count)", expected: "at most 65536")
    }
    return count
}

extension OperationCall {
    /// `count` cells of one axis.
    func sliced(_ x: Value, _ axis: Int, _ start: Int, _ count: Int) throws -> Value {
        var (starts, sizes) = ([Int](repeating: 0, count: x.rank), x.shape.dims)
        (starts[axis], sizes[axis]) = (start, count)
        return sizes == x.shape.dims ? x : try emit(.slice(starts: starts, sizes: sizes), x)
    }

    /// One number in the shape of `x`.
    fileprivate func filled(_ number: Double) throws -> Value {
        let x = try tensor()
        let dtype = try dtype() ?? x.dtype
        let value = constant(try Tensor([number], shape: Shape(Array(repeating: 1, count: x.rank))).converted(to: dtype))
        return try emit(.broadcast(x.shape), value)
    }

    /// The cells next to an edge in the opposite order, without those at the edge or with them.
    fileprivate func mirrored(_ x: Value, _ edges: [Edges], skip: Int) throws -> Value {
        var x = x
        for (axis, edge) in edges.enumerated() where edge.total > 0 {
            let length = x.shape[axis]
            guard edge.before + skip <= length, edge.after + skip <= length else {
                throw KerasError(.mismatch, "an edge is wider than what it mirrors", found: "\(x.shape)")
            }
            let before = try emit(.reverse([axis]), try sliced(x, axis, skip, edge.before))
            let after = try emit(.reverse([axis]), try sliced(x, axis, length - skip - edge.after, edge.after))
            let parts = [(before, edge.before), (x, length), (after, edge.after)].filter { $0.1 > 0 }.map(\.0)
            x = try emit(.concatenate(axis: axis), parts)
        }
        return x
    }
}
