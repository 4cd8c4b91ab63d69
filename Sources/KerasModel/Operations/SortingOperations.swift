import JSON
import Tensors

/// Operations that put numbers in order, or look them up by numbers along an axis.
let sortingOperations: [Operation] = [
    Operation(
        keras3: ["TopK(x, k, sorted)"], tensorflow: ["math.top_k(x:input, k, sorted)"], graph: ["TopKV2(x:input, k)"],
        { call in
            let x = try call.tensor()
            guard x.rank > 0 else { throw call.unsupported("x", x.shape) }
            let count = try call.int("k") ?? 1
            guard count >= 0, count <= x.shape[x.rank - 1] else {
                throw KerasError(.mismatch, "there are not so many numbers", at: Place(key: "k"), found: "\(count)", expected: "\(x.shape)")
            }
            let sorted = try call.sorted(x, axis: x.rank - 1, isDescending: true, first: count)
            return [sorted.values, sorted.places]
        }),
    Operation(
        keras3: ["Sort(x, axis)"], tensorflow: ["sort(x:values, axis, direction)"],
        one: { call in
            let x = try call.tensor()
            return try call.sorted(x, axis: call.axis(rank: x.rank, default: -1), isDescending: call.string("direction") == "DESCENDING")
                .values
        }),
    Operation(
        keras3: ["Argsort(x, axis)"], tensorflow: ["argsort(x:values, axis, direction, stable)"],
        one: { call in
            let x = try call.tensor()
            return try call.sorted(x, axis: call.axis(rank: x.rank, default: -1), isDescending: call.string("direction") == "DESCENDING")
                .places
        }),
    Operation(
        keras3: ["TakeAlongAxis(x, indices, axis)"],
        one: { call in
            let (x, places) = (try call.tensor(), try call.cast(try call.tensor("indices"), .int32))
            guard try call.int("axis") != nil else {
                return try call.looked(up: try call.reshape(x, [x.shape.count]), at: places, axis: 0)
            }
            return try call.looked(up: x, at: places, axis: call.axis(rank: x.rank))
        }),
    Operation(
        keras3: ["Cumprod(x, axis, dtype)"], tensorflow: ["math.cumprod(x, axis, exclusive, reverse)"],
        graph: ["Cumprod(x, axis, exclusive, reverse)"],
        one: { call in
            let x = try call.tensor()
            let (isExclusive, isReversed) = (try call.bool("exclusive"), try call.bool("reverse"))
            let axis = try call.axis(rank: x.rank, default: 0)
            // Products of so many numbers in a row, then of twice as many.
            var products = isExclusive ? try call.ones(followedBy: x, axis: axis, count: 1, isReversed: isReversed) : x
            var reach = 1
            while reach < x.shape[axis] {
                let others = try call.ones(followedBy: products, axis: axis, count: reach, isReversed: isReversed)
                products = try call.emit(.binary(.multiply), products, others)
                reach *= 2
            }
            return products
        }),
]

extension OperationCall {
    /// `x` moved along an axis: so many ones, then what there is room for; or ones last.
    fileprivate func ones(followedBy x: Value, axis: Int, count: Int, isReversed: Bool) throws -> Value {
        let length = x.shape[axis]
        let moved = min(count, length)
        guard moved < length else { return try emit(.unary(.power(0)), x) }
        var (starts, sizes) = ([Int](repeating: 0, count: x.rank), x.shape.dims)
        (starts[axis], sizes[axis]) = (isReversed ? moved : 0, length - moved)
        var edges = [Edges](repeating: .none, count: x.rank)
        edges[axis] = isReversed ? Edges(0, moved) : Edges(moved, 0)
        return try emit(.pad(edges, value: 1), try emit(.slice(starts: starts, sizes: sizes), x))
    }

    /// The axis last, and back.
    private func toLast(_ x: Value, _ axis: Int) throws -> Value {
        try transpose(x, x.shape.dims.indices.filter { $0 != axis } + [axis])
    }
    private func fromLast(_ x: Value, _ axis: Int) throws -> Value {
        let order = x.shape.dims.indices.filter { $0 != axis } + [axis]
        return try transpose(x, order.indices.map { order.firstIndex(of: $0)! })
    }

    /// The numbers in order, and where each stood; of equal ones the first comes first.
    ///
    /// - Parameter first: how many of them are wanted.
    fileprivate func sorted(_ x: Value, axis: Int, isDescending: Bool, first: Int? = nil) throws -> (values: Value, places: Value) {
        let x = try toLast(x, axis)
        var places = try emit(.order(isDescending: isDescending), x)
        if let first, first < x.shape[x.rank - 1] {
            places = try emit(.slice(starts: [Int](repeating: 0, count: x.rank), sizes: x.shape.dims.dropLast() + [first]), places)
        }
        return (try fromLast(try emit(.pick, x, places), axis), try fromLast(places, axis))
    }

    /// `x` at these places of an axis; those below 0 count from the end.
    fileprivate func looked(up x: Value, at places: Value, axis: Int) throws -> Value {
        guard x.rank == places.rank else {
            throw KerasError(.mismatch, "numbers and their places have other axes", found: "\(x.shape) and \(places.shape)")
        }
        var (one, other) = (x.shape.dims, places.shape.dims)
        (one[axis], other[axis]) = (1, 1)
        var common = try Shape.broadcast(Shape(one), Shape(other)).dims
        let (count, wanted) = (x.shape[axis], places.shape[axis])
        func spread(_ value: Value, _ length: Int) throws -> Value {
            common[axis] = length
            let target = Shape(common)
            return try toLast(value.shape == target ? value : try emit(.broadcast(target), value), axis)
        }
        let isNegative = try emit(.binary(.less), places, try constant(0, like: places))
        let fromStart = try emit(.binary(.add), places, try affine(isNegative, scale: Double(count)))
        return try fromLast(try emit(.pick, try spread(x, count), try spread(fromStart, wanted)), axis)
    }
}
