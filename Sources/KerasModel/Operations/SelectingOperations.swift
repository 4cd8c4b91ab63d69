import JSON
import Tensors

let selectingOperations: [Operation] = [
    Operation(
        keras3: ["GetItem(x, key)"], tensorflow: ["__operators__.getitem(x:tensor, key:slice_spec, var)"],
        one: { call in
            guard let key = call.arguments["key"] else { return try call.tensor() }
            // A tuple is a list of its parts; one part may stand for itself.
            let parts = key["start"] == nil && key["class_name"] == nil ? key.items ?? [key] : [key]
            return try call.selected(try call.tensor(), try parts.map(call.selection))
        }),
    Operation(
        graph: ["StridedSlice(x:input, begin, end, strides, begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)"],
        one: { call in
            let (begin, end) = (try call.ints("begin") ?? [], try call.ints("end") ?? [])
            let strides = try call.ints("strides") ?? Array(repeating: 1, count: begin.count)
            guard begin.count == end.count, begin.count == strides.count, begin.count < 32 else {
                throw call.unsupported("begin", "\(begin)")
            }
            func bit(_ name: String, _ place: Int) throws -> Bool { (try call.int(name) ?? 0) >> place & 1 == 1 }
            return try call.selected(
                try call.tensor(),
                try begin.indices.map { place in
                    if try bit("ellipsis_mask", place) { return .rest }
                    if try bit("new_axis_mask", place) { return .newAxis }
                    if try bit("shrink_axis_mask", place) { return .index(begin[place]) }
                    return .range(
                        try bit("begin_mask", place) ? nil : begin[place], try bit("end_mask", place) ? nil : end[place], strides[place])
                })
        }),
    Operation(
        tensorflow: ["slice(x:input_, begin, size)"], graph: ["Slice(x:input, begin, size)"],
        one: { call in
            let x = try call.tensor()
            let (begin, size) = (try call.ints("begin") ?? [], try call.ints("size") ?? [])
            guard begin.count == x.rank, size.count == x.rank else { throw call.unsupported("begin", "\(begin)") }
            let sizes = x.shape.dims.indices.map { size[$0] == -1 ? x.shape[$0] - begin[$0] : size[$0] }
            return try call.emit(.slice(starts: begin, sizes: sizes), x)
        }),
    Operation(
        keras3: ["Slice(x:inputs, begin:start_indices, size:shape)"],
        one: { try $0.emit(.slice(starts: try $0.ints("begin") ?? [], sizes: try $0.ints("size") ?? []), try $0.tensor()) }),
    Operation(
        keras3: ["Take(x, indices, axis)"],
        tensorflow: [
            "gather(x:params, indices, validate_indices, axis, batch_dims)",
            "compat.v1.gather(x:params, indices, validate_indices, name, axis, batch_dims)",
        ],
        graph: ["GatherV2(x:params, indices, axis, batch_dims)"],
        one: { call in
            guard try call.int("batch_dims") ?? 0 == 0 else { throw call.unsupported("batch_dims", try call.int("batch_dims")!) }
            var x = try call.tensor()
            if call.vocabulary == .keras3, !call.has("axis") { x = try call.reshape(x, [x.shape.count]) }
            return try call.taken(x, try call.tensor("indices"), axis: try call.axis(rank: x.rank, default: 0))
        }),
    Operation(
        keras3: ["Where(condition, x:x1, y:x2)"], tensorflow: ["where(condition, x, y)"], graph: ["SelectV2(condition, x:t, y:e)"],
        one: { call in
            guard call.has("x"), call.has("y") else {
                throw KerasError(.unsupported, "the places where a condition holds are not looked for")
            }
            let (x, y) = try call.operands()
            return try call.chosen(try call.tensor("condition"), x, y)
        }),
    Operation(
        keras3: ["OneHot(x, depth:num_classes, axis, dtype, sparse)"],
        tensorflow: ["one_hot(x:indices, depth, on_value, off_value, axis, dtype)"],
        graph: ["OneHot(x:indices, depth, on_value, off_value, axis)"],
        one: { call in
            if try call.bool("sparse") { throw call.unsupported("sparse", true) }
            guard let depth = try call.int("depth"), (0...1 << 20).contains(depth) else { throw call.lacking("depth") }
            let x = try call.real(try call.tensor())
            let axis = try call.axis(rank: x.rank + 1, default: -1)
            var dims = x.shape.dims
            dims.insert(1, at: axis)
            let classes = try call.count(to: depth, axis: axis, rank: dims.count, as: x.dtype)
            let (on, off) = (try call.double("on_value") ?? 1, try call.double("off_value") ?? 0)
            let isClass = try call.emit(.binary(.equal), try call.reshape(x, dims), classes)
            let values = on == 1 && off == 0 ? isClass : try call.affine(isClass, scale: on - off, offset: off)
            return try call.cast(values, try call.dtype() ?? .float32)
        }),
]

/// What is kept of an axis.
private enum Selection {
    case index(Int)
    case range(Int?, Int?, Int)
    case newAxis
    /// All axes that no other part speaks of.
    case rest
}

extension OperationCall {
    /// A part of a key: a number, a slice, `None` or `...`.
    fileprivate func selection(_ part: CallArgument) throws -> Selection {
        if part.isNull { return .newAxis }
        if case .value(let json)? = part["class_name"], json == "__ellipsis__" { return .rest }
        if case .value(let json) = part, json == "..." || json == "Ellipsis" { return .rest }
        let slice = part["config"] ?? part
        if slice["start"] != nil || slice["stop"] != nil || slice["step"] != nil {
            let (start, stop, step) = (try bound(slice["start"]), try bound(slice["stop"]), try bound(slice["step"]))
            return .range(start, stop, step ?? 1)
        }
        guard let index = try bound(part) else {
            throw KerasError(.unsupported, "tensors are not selected from so", found: "a list or a mask")
        }
        return .index(index)
    }

    private func bound(_ argument: CallArgument?) throws -> Int? {
        guard let argument, !argument.isNull else { return nil }
        return try OperationCall(self, only: argument).int("bound")
    }

    private init(_ other: OperationCall, only argument: CallArgument) {
        (call, inputs, vocabulary, name) = (other.call, other.inputs, other.vocabulary, other.name)
        arguments = ["bound": argument]
    }

    /// As Python's `x[…]`.
    fileprivate func selected(_ x: Value, _ parts: [Selection]) throws -> Value {
        let named = parts.filter { if case .newAxis = $0 { false } else if case .rest = $0 { false } else { true } }.count
        guard named <= x.rank else { throw KerasError(.mismatch, "more axes are selected from than there are", found: "\(x.shape)") }
        var (value, axis) = (x, 0)
        var dims: [Int] = []
        var hasRest = false
        func keepAxes(_ count: Int) {
            for _ in 0..<count {
                dims.append(value.shape[axis])
                axis += 1
            }
        }
        for part in parts {
            switch part {
            case .newAxis: dims.append(1)
            case .rest:
                guard !hasRest else { throw KerasError(.malformed, "a selection has two ellipses") }
                hasRest = true
                keepAxes(x.rank - named)
            case .index(let index):
                let length = value.shape[axis]
                let place = index < 0 ? index + length : index
                guard (0..<length).contains(place) else {
                    throw KerasError(.mismatch, "an index is outside its axis", found: "\(index)", expected: "one of \(length)")
                }
                value = try sliced(value, axis, place, 1)
                axis += 1
            case .range(let start, let stop, let step):
                value = try ranged(value, axis, start, stop, step)
                keepAxes(1)
            }
        }
        keepAxes(value.rank - axis)
        return try reshape(value, dims)
    }

    private func ranged(_ x: Value, _ axis: Int, _ start: Int?, _ stop: Int?, _ step: Int) throws -> Value {
        guard step != 0 else { throw KerasError(.malformed, "a slice has no step") }
        let length = x.shape[axis]
        // From the back, a slice runs over the reversed axis.
        guard step > 0 else {
            let reversed = length > 1 ? try emit(.reverse([axis]), x) : x
            func turned(_ bound: Int?) -> Int? {
                bound.map { bound in
                    let place = bound < 0 ? max(bound + length, -1) : min(bound, length - 1)
                    return length - 1 - place
                }
            }
            return try ranged(reversed, axis, turned(start), turned(stop), -step)
        }
        func clipped(_ bound: Int?, _ fallback: Int) -> Int {
            bound.map { min(max($0 < 0 ? $0 + length : $0, 0), length) } ?? fallback
        }
        let (first, end) = (clipped(start, 0), clipped(stop, length))
        let span = max(end - first, 0)
        let part = try sliced(x, axis, first, span)
        guard step > 1, span > 0 else { return part }
        // Each `step`-th cell: the first of every row of `step`.
        let count = (span + step - 1) / step
        var edges = [Edges](repeating: .none, count: x.rank)
        edges[axis] = Edges(0, count * step - span)
        let whole = edges[axis].after > 0 ? try emit(.pad(edges, value: 0), part) : part
        let (before, after) = (x.shape.dims[..<axis], x.shape.dims[(axis + 1)...])
        let rows = try reshape(whole, before + [count, step] + after)
        return try reshape(try sliced(rows, axis + 1, 0, 1), before + [count] + after)
    }

    /// Cells of an axis by their numbers, negative ones from the back.
    fileprivate func taken(_ x: Value, _ indices: Value, axis: Int) throws -> Value {
        let rows = x.shape[axis]
        if let known = content(indices) {
            let places = try known.converted(to: .float64).scalars(as: Double.self).map { Int(exactly: $0) ?? .max }
            guard places.allSatisfy({ (-rows..<rows).contains($0) }) else {
                throw KerasError(.mismatch, "an index is outside its axis", found: "\(places)", expected: "one of \(rows)")
            }
            if places.count <= 64 {
                let parts = try places.map { try sliced(x, axis, $0 < 0 ? $0 + rows : $0, 1) }
                let dims = Array(x.shape.dims[..<axis]) + indices.shape.dims + Array(x.shape.dims[(axis + 1)...])
                return try reshape(parts.isEmpty ? try sliced(x, axis, 0, 0) : try emit(.concatenate(axis: axis), parts), dims)
            }
        }
        var places = indices
        if vocabulary == .keras3, content(indices) == nil {
            // Keras counts negative ones from the back, TensorFlow does not.
            let isNegative = try emit(.binary(.less), try real(places), try constant(0, like: try real(places)))
            places = try emit(.binary(.add), try real(places), try affine(isNegative, scale: Double(rows)))
        }
        places = try cast(places, .int32)
        let order = [axis] + x.shape.dims.indices.filter { $0 != axis }
        let table = try transpose(x, order)
        let isReal = x.dtype.isFloatingPoint
        let found = try emit(.gather, isReal ? table : try cast(table, .float32), places)
        // Before the axis, the indices' axes, after it.
        let n = places.rank
        let back = Array(n..<n + axis) + Array(0..<n) + Array((n + axis)..<found.rank)
        return try cast(try transpose(found, back), x.dtype)
    }

    /// `x` where the condition holds, else `y`; what is not chosen leaves no trace, be it infinite.
    func chosen(_ condition: Value, _ x: Value, _ y: Value) throws -> Value {
        let isX = try cast(try indicator(condition), x.dtype.isFloatingPoint ? x.dtype : .float32)
        let shape = try Shape.broadcast(isX.shape, try Shape.broadcast(x.shape, y.shape))
        func spread(_ value: Value) throws -> Value { value.shape == shape ? value : try emit(.broadcast(shape), value) }
        let (a, b) = (try spread(try real(x)), try spread(try real(y)))
        let mark = try spread(isX)
        let one = try emit(.binary(.gate), a, mark)
        let other = try emit(.binary(.gate), b, try affine(mark, scale: -1, offset: 1))
        return try cast(try emit(.binary(.add), one, other), x.dtype)
    }
}
