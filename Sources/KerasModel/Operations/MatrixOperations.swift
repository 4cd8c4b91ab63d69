import Tensors

let matrixOperations: [Operation] = [
    Operation(keras3: ["Matmul(x:x1, y:x2)"], one: { try $0.product(try $0.operands()) }),
    Operation(
        tensorflow: ["linalg.matmul(x:a, y:b, transpose_a, transpose_b)", "matmul(x:a, y:b, transpose_a, transpose_b)"],
        graph: [
            "MatMul(x:a, y:b, transpose_a, transpose_b)", "BatchMatMul(x, y, transpose_a:adj_x, transpose_b:adj_y)",
            "BatchMatMulV2(x, y, transpose_a:adj_x, transpose_b:adj_y)",
        ],
        one: { call in
            var (x, y) = try call.operands()
            if try call.bool("transpose_a") { x = try call.transposed(x) }
            if try call.bool("transpose_b") { y = try call.transposed(y) }
            return try call.product((x, y))
        }),
    Operation(
        keras3: ["Dot(x:x1, y:x2)"],
        one: { call in
            let (x, y) = try call.operands()
            guard x.rank > 0, y.rank > 0 else { return try call.emit(.binary(.multiply), x, y) }
            guard y.rank <= 2 else {
                return try call.contracted(x, y, [x.rank - 1], [y.rank - 2])
            }
            return try call.contracted(x, y, [x.rank - 1], [0])
        }),
    Operation(
        keras3: ["Tensordot(x:x1, y:x2, axes)"], tensorflow: ["tensordot(x:a, y:b, axes)"],
        one: { call in
            let (x, y) = try call.operands()
            if let pairs = try? call.pairs("axes"), pairs.count == 2 {
                return try call.contracted(
                    x, y, try pairs[0].map { try call.resolved($0, x.rank) }, try pairs[1].map { try call.resolved($0, y.rank) })
            }
            let axes = try call.ints("axes") ?? [2]
            if axes.count == 2 {
                return try call.contracted(x, y, [try call.resolved(axes[0], x.rank)], [try call.resolved(axes[1], y.rank)])
            }
            let count = axes[0]
            guard (0...min(x.rank, y.rank)).contains(count) else { throw call.unsupported("axes", count) }
            return try call.contracted(x, y, Array(x.rank - count..<x.rank), Array(0..<count))
        }),
    Operation(
        keras3: ["Einsum(*x, subscripts)"], graph: ["Einsum(*x:inputs, subscripts:equation, N)"],
        one: { call in
            guard let equation = try call.string("subscripts") else { throw call.lacking("subscripts") }
            return try call.einsum(equation, try call.tensors())
        }),
]

extension OperationCall {
    func transposed(_ x: Value) throws -> Value {
        guard x.rank >= 2 else { throw KerasError(.mismatch, "a vector is not transposed", found: "\(x.shape)") }
        return try transpose(x, Array(0..<x.rank - 2) + [x.rank - 1, x.rank - 2])
    }

    /// As numpy's `matmul`: vectors are matrices of one row or column.
    fileprivate func product(_ operands: (Value, Value)) throws -> Value {
        var (x, y) = operands
        guard x.rank > 0, y.rank > 0 else { throw KerasError(.mismatch, "a number is not multiplied as a matrix") }
        let (isRow, isColumn) = (x.rank == 1, y.rank == 1)
        if isRow { x = try reshape(x, [1, x.shape[0]]) }
        if isColumn { y = try reshape(y, [y.shape[0], 1]) }
        let result = try emit(.matrixMultiply, x, y)
        var dims = result.shape.dims
        if isColumn { dims.removeLast() }
        if isRow { dims.remove(at: dims.count - (isColumn ? 1 : 2)) }
        return try reshape(result, dims)
    }

    /// The sum of products over axes of the one and of the other; then the rest of the one and of the other.
    fileprivate func contracted(_ x: Value, _ y: Value, _ a: [Int], _ b: [Int]) throws -> Value {
        guard a.count == b.count, Set(a).count == a.count, Set(b).count == b.count else {
            throw KerasError(.mismatch, "a product runs over other axes on either side", found: "\(a) and \(b)")
        }
        let (left, right) = (x.shape.dims.indices.filter { !a.contains($0) }, y.shape.dims.indices.filter { !b.contains($0) })
        let length = a.reduce(1) { $0 * x.shape[$1] }
        let rows = try reshape(try transpose(x, left + a), [left.reduce(1) { $0 * x.shape[$1] }, length])
        let columns = try reshape(try transpose(y, b + right), [b.reduce(1) { $0 * y.shape[$1] }, right.reduce(1) { $0 * y.shape[$1] }])
        return try reshape(try emit(.matrixMultiply, rows, columns), left.map { x.shape[$0] } + right.map { y.shape[$0] })
    }

    /// Two operands at a time, from the first on, each pair by one product of matrices.
    fileprivate func einsum(_ equation: String, _ operands: [Value]) throws -> Value {
        let text = equation.filter { $0 != " " }
        let sides = text.split(separator: "-", maxSplits: 1).map(String.init)
        let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
        guard !text.contains("."), terms.count == operands.count, (1...8).contains(terms.count),
            zip(terms, operands).allSatisfy({ $0.count == $1.rank && Set($0).count == $0.count })
        else { throw KerasError(.unsupported, "this einsum is not run", found: equation) }
        let all = terms.flatMap { $0 }
        let result: [Character] =
            sides.count > 1
            ? Array(sides[1].dropFirst()) : Set(all.filter { letter in all.filter { $0 == letter }.count == 1 }).sorted()
        var (letters, value) = (terms[0], operands[0])
        for place in terms.indices.dropFirst() {
            let rest = Set(terms[(place + 1)...].flatMap { $0 }).union(result)
            (letters, value) = try joined(letters, value, terms[place], operands[place], keeping: rest)
        }
        let gone = letters.indices.filter { !result.contains(letters[$0]) }
        if !gone.isEmpty {
            value = try emit(.reduce(.sum, axes: gone, keepDims: false), value)
            letters = letters.filter { result.contains($0) }
        }
        guard Set(result) == Set(letters), result.count == letters.count else {
            throw KerasError(.malformed, "an einsum's result has an axis that none of its operands has", found: equation)
        }
        return try transpose(value, result.map { letters.firstIndex(of: $0)! })
    }

    private func joined(_ a: [Character], _ x: Value, _ b: [Character], _ y: Value, keeping: Set<Character>) throws -> ([Character], Value)
    {
        let shared = a.filter { b.contains($0) }
        let batch = shared.filter { keeping.contains($0) }
        let summed = shared.filter { !keeping.contains($0) }
        let left = a.filter { !shared.contains($0) }
        let right = b.filter { !shared.contains($0) }
        func brought(_ value: Value, _ letters: [Character], _ groups: [[Character]], _ form: [Int]) throws -> Value {
            let moved = try transpose(value, groups.flatMap { $0 }.map { letters.firstIndex(of: $0)! })
            return try reshape(moved, form)
        }
        func size(_ group: [Character], _ value: Value, _ letters: [Character]) -> Int {
            group.reduce(1) { $0 * value.shape[letters.firstIndex(of: $1)!] }
        }
        guard shared.allSatisfy({ x.shape[a.firstIndex(of: $0)!] == y.shape[b.firstIndex(of: $0)!] }) else {
            throw KerasError(.mismatch, "an einsum's operands do not fit together", found: "\(x.shape) and \(y.shape)")
        }
        let (n, m, k, p) = (size(batch, x, a), size(left, x, a), size(summed, x, a), size(right, y, b))
        let rows = try brought(x, a, [batch, left, summed], [n, m, k])
        let columns = try brought(y, b, [batch, summed, right], [n, k, p])
        let product = try emit(.matrixMultiply, rows, columns)
        let letters = batch + left + right
        return (
            letters,
            try reshape(
                product, letters.map { letter in a.firstIndex(of: letter).map { x.shape[$0] } ?? y.shape[b.firstIndex(of: letter)!] })
        )
    }
}
