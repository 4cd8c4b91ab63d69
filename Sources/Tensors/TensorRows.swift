extension Tensor {
    /// These rows of the first axis, in this order, in memory of their own. numpy: `a[rows]`.
    ///
    /// - Throws: a `mismatch` problem if there is no such row.
    package func rows(_ rows: some Collection<Int>) throws -> Tensor {
        let count = shape.dims.first ?? 0
        guard rank > 0, rows.allSatisfy({ $0 >= 0 && $0 < count }) else {
            throw KerasError(.mismatch, "a tensor has no such row", expected: "0 up to \(count)")
        }
        let first = Tensor(
            dtype: dtype, shape: Shape(Array(shape.dims.dropFirst())), byteStrides: Array(byteStrides.dropFirst()), buffer: buffer)
        let length = first.byteCount
        let copy = try Buffer.uninitialized(count: rows.count * length)
        guard var target = copy.bytes.baseAddress, length > 0 else {
            return Tensor(dtype: dtype, shape: Shape([rows.count] + shape.dims.dropFirst()), buffer: copy)
        }
        for row in rows {
            let source = address + row * byteStrides[0]
            if first.isContiguous {
                target.copyMemory(from: source, byteCount: length)
            } else {
                StridedCopy(first.shape, byteStrides: first.byteStrides, elementSize: dtype.size).run(from: source, to: target)
            }
            target += length
        }
        withExtendedLifetime(buffer) {}
        return Tensor(dtype: dtype, shape: Shape([rows.count] + shape.dims.dropFirst()), buffer: copy)
    }
}
