/// An n-dimensional array with a dynamic element type.
///
/// Its elements may be owned, mapped from a file, or a view of another tensor's; strided, and unaligned where a file put them so. Copies share
/// storage; nothing a tensor shows ever changes under another.
public struct Tensor: Sendable {
    public let dtype: DType
    public let shape: Shape
    /// From one element to the next along each axis, as numpy's `strides`; a field's view steps over whole structures.
    package let byteStrides: [Int]
    package private(set) var buffer: Buffer
    /// Where the first element begins in ``buffer``.
    package let byteOffset: Int

    /// A view of `buffer`. The caller has checked that every element lies inside it.
    package init(dtype: DType, shape: Shape, byteStrides: [Int]? = nil, buffer: Buffer, byteOffset: Int = 0) {
        self.dtype = dtype
        self.shape = shape
        self.byteStrides = byteStrides ?? shape.strides.map { $0 * dtype.size }
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
        var (axis, expected) = (rank - 1, dtype.size)
        while axis >= 0 {
            if shape[axis] > 1 && byteStrides[axis] != expected { return count == 0 }
            expected *= shape[axis]
            axis -= 1
        }
        return true
    }

    /// Where the elements are in memory; aligned for their type or not.
    package var address: UnsafeRawPointer {
        UnsafeRawPointer(buffer.bytes.baseAddress.map { $0 + byteOffset } ?? UnsafeMutableRawPointer(bitPattern: 64)!)
    }

    /// False where a file put the elements at addresses that their Swift type may not be read from: an archive's member, a field of a packed
    /// structure. Whoever computes with such a tensor gets an aligned copy (``contiguous()``).
    public var isAligned: Bool {
        let unit = dtype.alignment
        guard unit > 1 else { return true }
        // Every bit that is set somewhere; a plain loop, since a prediction that asks this allocates nothing, not even in a debug build.
        var bits = UInt(bitPattern: address)
        for axis in 0..<rank { bits |= UInt(bitPattern: byteStrides[axis]) }
        return bits % UInt(unit) == 0
    }

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
        let copy = try Buffer.uninitialized(count: byteCount)
        if let target = copy.bytes.baseAddress {
            StridedCopy(shape, byteStrides: byteStrides, elementSize: dtype.size).run(from: address, to: target)
        }
        withExtendedLifetime(buffer) {}
        return Tensor(dtype: dtype, shape: shape, buffer: copy)
    }

    /// The elements in memory of their own.
    package func copied() throws -> Tensor {
        let source = try contiguous()
        let copy = try Buffer.uninitialized(count: byteCount)
        if let target = copy.bytes.baseAddress { target.copyMemory(from: source.address, byteCount: byteCount) }
        withExtendedLifetime(source.buffer) {}
        return Tensor(dtype: dtype, shape: shape, buffer: copy)
    }

    /// The elements, converted as numpy's `astype` does, in row-major order.
    ///
    /// - Throws: an `unsupported` problem for what is no real number or truth value.
    public func scalars<T: TensorScalar>(as type: T.Type = T.self) throws -> [T] {
        let source = try contiguous()
        return try [T](unsafeUninitializedCapacity: count) { target, initialized in
            if let target = target.baseAddress { try dtype.convert(source.address, to: T.dtype, target, count: count) }
            withExtendedLifetime(source.buffer) {}
            initialized = count
        }
    }

    /// The same values with another element type, as numpy's `astype`; contiguous and aligned.
    ///
    /// - Throws: an `unsupported` problem for what is no real number or truth value.
    public func converted(to target: DType) throws -> Tensor {
        let source = try contiguous()
        if dtype == target { return source }
        let result = Tensor(dtype: target, shape: shape, buffer: try Buffer.uninitialized(count: shape.count * target.size))
        try dtype.convert(source.address, to: target, UnsafeMutableRawPointer(mutating: result.address), count: count)
        withExtendedLifetime(source.buffer) {}
        return result
    }

    /// Runs `body` on the elements of a contiguous tensor that has this type. Not for truth values, which may be any byte here and not in Swift.
    package func withScalars<T: TensorScalar, R>(as type: T.Type, _ body: (UnsafeBufferPointer<T>) throws -> R) rethrows -> R {
        precondition(dtype == T.dtype && dtype != .bool && isContiguous && isAligned, "asked for \(T.dtype) elements of a \(dtype) tensor")
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
}
