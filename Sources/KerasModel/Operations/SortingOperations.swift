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
            return try call.alongLast(x, axis: call.axis(rank: x.rank, default: 0)) { x in
                let count = try call.pairCount(x)
                let triangle = try call.pairs(count, like: x) { row, column in
                    let distance = isReversed ? column - row : row - column
                    return distance > 0 || distance == 0 && !isExclusive
                }
                let others = try call.reshape(x, x.shape.dims.dropLast() + [1, count])
                let spread = try call.emit(.broadcast(Shape(x.shape.dims + [count])), others)
                let factors = try call.emit(
                    .binary(.add), try call.emit(.binary(.gate), spread, triangle),
                    try call.emit(.unary(.affine(scale: -1, offset: 1)), triangle))
                return try call.emit(.reduce(.product, axes: [x.rank], keepDims: false), factors)
            }
        }),
]

extension OperationCall {
    /// All pairs of so many numbers are multiplied at most.
    private static var longest: Int { 2048 }

    fileprivate func pairCount(_ x: Value) throws -> Int {
        let count = x.shape[x.rank - 1]
        guard count <= Self.longest else {
            throw KerasError(
                .resource, "an axis is too long for its running products", found: "\(count)", expected: "at most \(Self.longest)")
        }
        return count
    }

    /// `body` on `x` with this axis last.
    fileprivate func alongLast(_ x: Value, axis: Int, _ body: (Value) throws -> Value) throws -> Value {
        try fromLast(try body(try toLast(x, axis)), axis)
    }

    /// The axis last, and back.
    private func toLast(_ x: Value, _ axis: Int) throws -> Value {
        try transpose(x, x.shape.dims.indices.filter { $0 != axis } + [axis])
    }
    private func fromLast(_ x: Value, _ axis: Int) throws -> Value {
        let order = x.shape.dims.indices.filter { $0 != axis } + [axis]
        return try transpose(x, order.indices.map { order.firstIndex(of: $0)! })
    }

    /// `(count, count)`: 1 where it holds of row and column.
    fileprivate func pairs(_ count: Int, like x: Value, _ holds: (Int, Int) -> Bool) throws -> Value {
        let cells = (0..<count).flatMap { row in (0..<count).map { holds(row, $0) ? 1.0 : 0 } }
        return constant(try Tensor(cells, shape: [count, count]).converted(to: x.dtype))
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
