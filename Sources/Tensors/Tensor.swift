/// An n-dimensional array with a dynamic element type.
///
/// Its elements may be owned, mapped from a file, or a view of another tensor's; strided, and unaligned where a file put them so. Copies share
/// storage; nothing a tensor shows ever changes under another.
public struct Tensor: Sendable {
    public let dtype: DType
    public let shape: Shape
    /// In elements; row-major unless the tensor is a transposed view (numpy's Fortran order).
    package let strides: [Int]
    package private(set) var buffer: Buffer
    /// Where the first element begins in ``buffer``.
    package let byteOffset: Int

    /// A view of `buffer`. The caller has checked that every element lies inside it.
    package init(dtype: DType, shape: Shape, strides: [Int]? = nil, buffer: Buffer, byteOffset: Int = 0) {
        self.dtype = dtype
        self.shape = shape
        self.strides = strides ?? shape.strides
        self.buffer = buffer
        self.byteOffset = byteOffset
    }

    /// Zeros: `0`, `false` or empty text.
    ///
    /// - Throws: a `resource` problem when memory is refused.
    public init(zeros shape: Shape, dtype: DType = .float32) throws {
        self.init(dtype: dtype, shape: shape, buffer: try Buffer(count: shape.count * dtype.size))
    }

    /// `scalars` in row-major order.
    ///
    /// - Throws: a `mismatch` problem if their number is not the shape's.
    public init<T: TensorScalar>(_ scalars: [T], shape: Shape? = nil) throws {
        let shape = shape ?? [scalars.count]
        guard shape.count == scalars.count else {
            throw KerasError(.mismatch, "a tensor's scalars do not fill its shape", found: "\(scalars.count) scalars", expected: "\(shape)")
        }
        try self.init(shape: shape, as: T.self) { target in
            scalars.withUnsafeBufferPointer { source in
                if let from = source.baseAddress, let to = target.baseAddress { to.update(from: from, count: scalars.count) }
            }
        }
    }

    /// A row-major tensor that `fill` writes; its elements begin as zeros.
    package init<T: TensorScalar>(shape: Shape, as type: T.Type, fill: (UnsafeMutableBufferPointer<T>) throws -> Void) throws {
        let buffer = try Buffer(count: shape.count * MemoryLayout<T>.stride)
        try fill(buffer.bytes.bindMemory(to: T.self))
        self.init(dtype: T.dtype, shape: shape, buffer: buffer)
    }

    public var rank: Int { shape.rank }
    public var count: Int { shape.count }
    /// Bytes its elements take when packed.
    public var byteCount: Int { shape.count * dtype.size }

    /// True if the elements stand in row-major order without gaps.
    public var isContiguous: Bool {
        var (axis, expected) = (rank - 1, 1)
        while axis >= 0 {
            if shape[axis] > 1 && strides[axis] != expected { return count == 0 }
            expected *= shape[axis]
            axis -= 1
        }
        return true
    }

    /// Where the elements are in memory; aligned for their type or not.
    package var address: UnsafeRawPointer {
        UnsafeRawPointer(buffer.bytes.baseAddress.map { $0 + byteOffset } ?? UnsafeMutableRawPointer(bitPattern: 64)!)
    }

    package var isAligned: Bool { Int(bitPattern: address) % min(max(dtype.swapUnit, 1), 8) == 0 }

    /// The elements' bytes. Only for a contiguous tensor; see ``contiguous()``.
    package func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        precondition(isContiguous, "the bytes of a strided tensor are not together")
        defer { withExtendedLifetime(buffer) {} }
        return try body(UnsafeRawBufferPointer(start: address, count: byteCount))
    }

    /// Where the elements can be written: nil unless they stand in row-major order in memory that is this tensor's alone.
    package mutating func uniqueAddress() -> UnsafeMutableRawPointer? {
        guard isContiguous, isAligned, buffer.isOwned, isKnownUniquelyReferenced(&buffer) else { return nil }
        return UnsafeMutableRawPointer(mutating: address)
    }

    /// The elements in row-major order, packed and aligned: this tensor if it is so already, else a copy.
    public func contiguous() throws -> Tensor {
        if isContiguous && isAligned { return self }
        let copy = try Buffer(count: byteCount)
        let size = dtype.size
        guard count > 0, size > 0, let target = copy.bytes.baseAddress else { return Tensor(dtype: dtype, shape: shape, buffer: copy) }
        if isContiguous {
            target.copyMemory(from: address, byteCount: byteCount)
        } else {
            var position = 0
            forEachOffset { offset in
                (target + position).copyMemory(from: address + offset * size, byteCount: size)
                position += size
            }
        }
        withExtendedLifetime(buffer) {}
        return Tensor(dtype: dtype, shape: shape, buffer: copy)
    }

    /// Calls `body` with each element's offset in elements, in row-major order.
    private func forEachOffset(_ body: (Int) -> Void) {
        var index = [Int](repeating: 0, count: rank)
        var offset = 0
        for _ in 0..<count {
            body(offset)
            var axis = rank - 1
            while axis >= 0 {
                index[axis] += 1
                offset += strides[axis]
                if index[axis] < shape[axis] { break }
                offset -= strides[axis] * shape[axis]
                index[axis] = 0
                axis -= 1
            }
        }
    }

    /// The elements, converted as numpy's `astype` does, in row-major order.
    ///
    /// - Throws: an `unsupported` problem for strings and complex numbers.
    public func scalars<T: TensorScalar>(as type: T.Type = T.self) throws -> [T] {
        let converted = try converted(to: T.dtype)
        return [T](unsafeUninitializedCapacity: count) { target, initialized in
            let source = converted.address.assumingMemoryBound(to: T.self)
            if count > 0 { target.baseAddress?.update(from: source, count: count) }
            withExtendedLifetime(converted.buffer) {}
            initialized = count
        }
    }

    /// The same values with another element type, as numpy's `astype`; contiguous and aligned.
    ///
    /// - Throws: an `unsupported` problem for strings and complex numbers.
    public func converted(to target: DType) throws -> Tensor {
        let source = try contiguous()
        if dtype == target { return source }
        let result = Tensor(dtype: target, shape: shape, buffer: try Buffer(count: shape.count * target.size))
        try dtype.convert(source.address, to: target, UnsafeMutableRawPointer(mutating: result.address), count: count)
        withExtendedLifetime(source.buffer) {}
        return result
    }

    /// Runs `body` on the elements of a contiguous tensor that has this type.
    package func withScalars<T: TensorScalar, R>(as type: T.Type, _ body: (UnsafeBufferPointer<T>) throws -> R) rethrows -> R {
        precondition(dtype == T.dtype && isContiguous && isAligned, "asked for \(T.dtype) elements of a \(dtype) tensor")
        defer { withExtendedLifetime(buffer) {} }
        return try body(UnsafeBufferPointer(start: address.assumingMemoryBound(to: T.self), count: count))
    }

    /// The same elements under another shape.
    ///
    /// - Throws: a `mismatch` problem if the number of elements differs.
    public func reshaped(to shape: Shape) throws -> Tensor {
        guard shape.count == count else {
            throw KerasError(.mismatch, "a tensor cannot take this shape", found: "\(self.shape)", expected: "\(shape)")
        }
        let source = isContiguous ? self : try contiguous()
        return Tensor(dtype: dtype, shape: shape, buffer: source.buffer, byteOffset: source.byteOffset)
    }

    /// A view with the axes in another order, as `numpy.transpose`.
    public func transposed(_ axes: [Int]) -> Tensor {
        Tensor(
            dtype: dtype, shape: Shape(axes.map { shape[$0] }), strides: axes.map { strides[$0] }, buffer: buffer, byteOffset: byteOffset)
    }

    /// A view that runs backwards along `axes`, as numpy's `[::-1]`.
    public func reversed(axes: Range<Int>) -> Tensor {
        var strides = strides
        var offset = 0
        for axis in axes {
            offset += max(shape[axis] - 1, 0) * strides[axis]
            strides[axis] = -strides[axis]
        }
        return Tensor(dtype: dtype, shape: shape, strides: strides, buffer: buffer, byteOffset: byteOffset + offset * dtype.size)
    }

    /// Rows of the first axis: a view that shares memory.
    public subscript(rows: Range<Int>) -> Tensor {
        precondition(rank > 0 && rows.lowerBound >= 0 && rows.upperBound <= shape[0], "rows \(rows) of a tensor of shape \(shape)")
        return Tensor(
            dtype: dtype, shape: Shape([rows.count] + shape.dims.dropFirst()), strides: strides, buffer: buffer,
            byteOffset: byteOffset + rows.lowerBound * (strides.first ?? 0) * dtype.size)
    }
}
