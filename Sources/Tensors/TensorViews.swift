/// Views: other ways to look at the same memory, without copying.
extension Tensor {
    /// A view with the axes in another order, as `numpy.transpose`.
    public func transposed(_ axes: [Int]) -> Tensor {
        Tensor(
            dtype: dtype, shape: Shape(axes.map { shape[$0] }), byteStrides: axes.map { byteStrides[$0] }, buffer: buffer,
            byteOffset: byteOffset)
    }

    /// A view that runs backwards along `axes`, as numpy's `[::-1]`.
    public func reversed(axes: Range<Int>) -> Tensor {
        var strides = byteStrides
        var offset = 0
        for axis in axes {
            offset += max(shape[axis] - 1, 0) * strides[axis]
            strides[axis] = -strides[axis]
        }
        return Tensor(dtype: dtype, shape: shape, byteStrides: strides, buffer: buffer, byteOffset: byteOffset + offset)
    }

    /// Rows of the first axis: a view that shares memory. Of a mapped file only these rows are read.
    public subscript(rows: Range<Int>) -> Tensor {
        precondition(rank > 0 && rows.lowerBound >= 0 && rows.upperBound <= shape[0], "rows \(rows) of a tensor of shape \(shape)")
        return Tensor(
            dtype: dtype, shape: Shape([rows.count] + shape.dims.dropFirst()), byteStrides: byteStrides, buffer: buffer,
            byteOffset: byteOffset + rows.lowerBound * (byteStrides.first ?? 0))
    }

    /// One field of every element of a structured tensor, as numpy's `a["x"]`: shape `(…)`, or `(…) + field.shape` for a field of arrays.
    ///
    /// - Parameter name: the field's name or title.
    /// - Throws: a `mismatch` problem if the elements are no structures or have no such field.
    public func field(_ name: String) throws -> Tensor {
        guard case .structured(let type) = dtype else {
            throw KerasError(.mismatch, "a tensor without fields has no such field", found: "\(dtype) elements", expected: "'\(name)'")
        }
        guard let field = type[name] else {
            let names = type.names.prefix(12).map { "'\($0)'" }.joined(separator: ", ") + (type.names.count > 12 ? ", …" : "")
            throw KerasError(.mismatch, "a structured tensor has no such field", found: "'\(name)'", expected: "one of \(names)")
        }
        return Tensor(
            dtype: field.dtype, shape: try Shape(checking: shape.dims + field.shape.dims),
            byteStrides: byteStrides + field.shape.strides.map { $0 * field.dtype.size }, buffer: buffer,
            byteOffset: byteOffset + field.offset)
    }

    /// The real parts of complex numbers, a view; other numbers as they are.
    public var real: Tensor { part(0) ?? self }

    /// The imaginary parts of complex numbers, a view; nil for other elements, whose would be zeros.
    public var imaginary: Tensor? { part(1) }

    private func part(_ index: Int) -> Tensor? {
        guard dtype == .complex64 || dtype == .complex128 else { return nil }
        let half: DType = dtype == .complex64 ? .float32 : .float64
        return Tensor(dtype: half, shape: shape, byteStrides: byteStrides, buffer: buffer, byteOffset: byteOffset + index * half.size)
    }

    /// The same bytes as elements of another type of the same size, as numpy's `view`: `int64` for dates, `bfloat16` for numpy's `V2`.
    ///
    /// - Throws: a `mismatch` problem if an element's size differs.
    public func viewed(as dtype: DType) throws -> Tensor {
        guard dtype.size == self.dtype.size else {
            throw KerasError(
                .mismatch, "elements can only be seen as others of their size", found: "\(self.dtype) of \(self.dtype.size) bytes",
                expected: "\(dtype) of \(dtype.size)")
        }
        return Tensor(dtype: dtype, shape: shape, byteStrides: byteStrides, buffer: buffer, byteOffset: byteOffset)
    }
}
