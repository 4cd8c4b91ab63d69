import Tensors

let joiningOperations: [Operation] = [
    Operation(
        keras3: ["Concatenate(x:xs, axis)"], tensorflow: ["concat(x:values, axis)"], graph: ["ConcatV2(*x:values, axis, N)"],
        one: { try $0.concatenated(try $0.tensors()) }),
    Operation(keras3: ["Hstack(x:xs)"], one: { try $0.concatenated(try $0.tensors(), axis: try $0.tensors().first?.rank == 1 ? 0 : 1) }),
    Operation(keras3: ["Vstack(x:xs)"], one: { try $0.concatenated(try $0.tensors(), axis: 0) }),
    Operation(
        keras3: ["Stack(x, axis)"], tensorflow: ["stack(x:values, axis)"], graph: ["Pack(*x:values, axis, N)"],
        one: { call in
            let parts = try call.unified(try call.tensors())
            return try call.stack(parts, axis: try call.int("axis") ?? 0)
        }),
    Operation(
        keras3: ["Unstack(x, num, axis)"], tensorflow: ["unstack(x:value, num, axis)"], graph: ["Unpack(x:value, num, axis)"],
        { call in
            let x = try call.tensor()
            let axis = try call.axis(rank: x.rank, default: 0)
            var dims = x.shape.dims
            dims.remove(at: axis)
            guard x.shape[axis] <= 4096 else { throw KerasError(.resource, "an axis has too many parts", found: "\(x.shape)") }
            return try (0..<x.shape[axis]).map { try call.reshape(try call.sliced(x, axis, $0, 1), dims) }
        }),
    // Keras 3's list says where to cut, TensorFlow's how long the parts are.
    Operation(
        keras3: ["Split(x, sections:indices_or_sections, axis)"],
        { call in
            let x = try call.tensor()
            let axis = try call.axis(rank: x.rank, default: 0)
            let sections = try call.ints("sections") ?? []
            if call.isNumber("sections") { return try call.parts(x, axis, count: sections[0]) }
            let ends = sections + [x.shape[axis]]
            return try call.parts(x, axis, sizes: zip([0] + sections, ends).map { $1 - $0 })
        }),
    Operation(
        tensorflow: ["split(x:value, sections:num_or_size_splits, axis, num)"],
        graph: ["SplitV(x:value, sections:size_splits, axis:split_dim, num:num_split)"],
        { call in
            let x = try call.tensor()
            let axis = try call.axis(rank: x.rank, default: 0)
            var sizes = try call.ints("sections") ?? []
            if call.isNumber("sections") { return try call.parts(x, axis, count: sizes[0]) }
            if let open = sizes.firstIndex(of: -1) { sizes[open] = x.shape[axis] - sizes.reduce(1, +) }
            return try call.parts(x, axis, sizes: sizes)
        }),
    Operation(
        graph: ["Split(axis:split_dim, x:value, sections:num_split)"],
        { call in
            let x = try call.tensor()
            return try call.parts(x, try call.axis(rank: x.rank), count: try call.int("sections") ?? 1)
        }),
]

extension OperationCall {
    func isNumber(_ name: String) -> Bool {
        if case .value(let json)? = arguments[name] { json.number != nil } else { false }
    }

    /// Of one type: Keras 3 lets the widest have it.
    fileprivate func unified(_ parts: [Value]) throws -> [Value] {
        guard let first = parts.first else { throw lacking("values") }
        let widest = try parts.dropFirst().reduce(first) { try aligned($0, $1).0 }.dtype
        return try parts.map { try cast($0, widest) }
    }

    fileprivate func concatenated(_ parts: [Value], axis: Int? = nil) throws -> Value {
        let parts = try unified(parts)
        return try emit(.concatenate(axis: try axis ?? self.axis(rank: parts[0].rank, default: 0)), parts)
    }

    fileprivate func parts(_ x: Value, _ axis: Int, count: Int) throws -> [Value] {
        guard count > 0, count <= 1 << 16, x.shape[axis] % count == 0 else {
            throw KerasError(.mismatch, "an axis is not cut into so many parts", found: "\(x.shape)", expected: "\(count) parts")
        }
        return try parts(x, axis, sizes: Array(repeating: x.shape[axis] / count, count: count))
    }

    fileprivate func parts(_ x: Value, _ axis: Int, sizes: [Int]) throws -> [Value] {
        guard sizes.allSatisfy({ (0...x.shape[axis]).contains($0) }), sizes.reduce(0, +) == x.shape[axis] else {
            throw KerasError(.mismatch, "the parts of an axis do not make it up", found: "\(sizes) of \(x.shape)")
        }
        var start = 0
        return try sizes.map { size in
            defer { start += size }
            return try sliced(x, axis, start, size)
        }
    }
}
