import JSON
import Tensors

/// Operations that put numbers in order, or look them up by numbers along an axis. Each is said by comparing all pairs along the axis, so that it
/// has a gradient; what is longer than ``longest`` is refused.
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
            let (x, places) = (try call.tensor(), try call.cast(try call.tensor("indices"), .float32))
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
    /// All pairs of so many numbers are compared at most.
    private static var longest: Int { 2048 }

    fileprivate func pairCount(_ x: Value) throws -> Int {
        let count = x.shape[x.rank - 1]
        guard count <= Self.longest else {
            throw KerasError(.resource, "an axis is too long to be put in order", found: "\(count)", expected: "at most \(Self.longest)")
        }
        return count
    }

    /// `body` on `x` with this axis last.
    fileprivate func alongLast(_ x: Value, axis: Int, _ body: (Value) throws -> Value) throws -> Value {
        let order = x.shape.dims.indices.filter { $0 != axis } + [axis]
        return try transpose(try body(try transpose(x, order)), order.indices.map { order.firstIndex(of: $0)! })
    }

    /// `(count, count)`: 1 where it holds of row and column.
    fileprivate func pairs(_ count: Int, like x: Value, _ holds: (Int, Int) -> Bool) throws -> Value {
        let cells = (0..<count).flatMap { row in (0..<count).map { holds(row, $0) ? 1.0 : 0 } }
        return constant(try Tensor(cells, shape: [count, count]).converted(to: x.dtype))
    }

    /// The numbers in order, and where each stood; of equal ones the first comes first.
    fileprivate func sorted(_ x: Value, axis: Int, isDescending: Bool, first: Int? = nil) throws -> (values: Value, places: Value) {
        var places: Value?
        let values = try alongLast(x, axis: axis) { x in
            let count = try pairCount(x)
            let leading = Array(x.shape.dims.dropLast())
            let (own, others) = (try reshape(x, leading + [count, 1]), try reshape(x, leading + [1, count]))
            let before = try cast(try emit(.binary(isDescending ? .greater : .less), others, own), .float32)
            let equal = try cast(try emit(.binary(.equal), others, own), .float32)
            let ties = try emit(.binary(.multiply), equal, try pairs(count, like: equal) { $0 > $1 })
            let ranks = try emit(.reduce(.sum, axes: [x.rank], keepDims: false), try emit(.binary(.add), before, ties))
            let kept = first ?? count
            let wanted = constant(try Tensor((0..<kept).map { Float($0) }, shape: [kept, 1]))
            let chosen = try emit(.binary(.equal), try reshape(ranks, leading + [1, count]), wanted)
            let numbers = constant(try Tensor((0..<count).map { Float($0) }, shape: [count]))
            places = try cast(
                try emit(.reduce(.sum, axes: [x.rank], keepDims: false), try emit(.binary(.multiply), chosen, numbers)), .int32)
            return try picked(others, chosen)
        }
        let order = x.shape.dims.indices.filter { $0 != axis } + [axis]
        return (values, try transpose(places!, order.indices.map { order.firstIndex(of: $0)! }))
    }

    /// The sums of `x (…, 1, n)` where `chosen (…, k, n)` has 1: `(…, k)`.
    private func picked(_ x: Value, _ chosen: Value) throws -> Value {
        let spread = try emit(.broadcast(chosen.shape), x)
        let kept = try emit(.binary(.gate), spread, try cast(chosen, x.dtype))
        return try emit(.reduce(.sum, axes: [chosen.rank - 1], keepDims: false), kept)
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
        common[axis] = count
        let whole = try emit(.broadcast(Shape(common)), x)
        common[axis] = wanted
        let indices = try emit(.broadcast(Shape(common)), places)
        let order = common.indices.filter { $0 != axis } + [axis]
        let (numbers, at) = (try transpose(whole, order), try transpose(indices, order))
        _ = try pairCount(numbers)
        let leading = Array(numbers.shape.dims.dropLast())
        let isNegative = try emit(.binary(.less), at, try constant(0, like: at))
        let fromStart = try emit(.binary(.add), at, try scaled(isNegative, by: Double(count)))
        let all = constant(try Tensor((0..<count).map { Float($0) }, shape: [count]))
        let chosen = try emit(.binary(.equal), try reshape(fromStart, leading + [wanted, 1]), all)
        let found = try picked(try reshape(numbers, leading + [1, count]), chosen)
        return try transpose(found, order.indices.map { order.firstIndex(of: $0)! })
    }

    private func scaled(_ x: Value, by scale: Double) throws -> Value { try emit(.unary(.affine(scale: scale, offset: 0)), x) }
}
