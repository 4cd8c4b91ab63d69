import Tensors

/// An input or output: the shape and type a caller sees, and the type it is held in while the plan runs.
struct Port: Sendable, Hashable {
    let shape: Shape
    let dtype: DType
    let held: DType

    var isHeldAsIs: Bool { dtype == held }
    var heldBytes: Int { shape.count * held.size }

    /// The samples `rows` of a tensor of `samples`, in the type they are held in: where they are if they are so already, else written to
    /// `staging`. They are cast to the port's own type first, as Keras casts data.
    ///
    /// - Throws: a `mismatch` problem for an integer that is too large: those of 64 bits are held in 32, and none must come back as another.
    func held(_ tensor: Tensor, _ rows: Range<Int>, of samples: Int, staging: () throws -> UnsafeMutableRawPointer) throws
        -> UnsafeRawPointer
    {
        let (length, isPlain) = (tensor.count / samples, tensor.isContiguous && tensor.isAligned)
        let source = tensor.address + rows.lowerBound * length * tensor.dtype.size
        if isPlain, tensor.dtype == held, isHeldAsIs { return source }
        let target = try staging()
        if tensor.isContiguous, tensor.dtype == held, isHeldAsIs {
            // As an archive has it: at any byte.
            target.copyMemory(from: source, byteCount: rows.count * length * held.size)
        } else if isPlain, isHeldAsIs || (tensor.dtype == dtype && !mayOverflow) {
            try tensor.dtype.convert(source, to: held, target, count: rows.count * length)
        } else {
            let cast = try (rows.count == samples ? tensor : tensor[rows]).converted(to: dtype)
            try dtype.convert(cast.address, to: held, target, count: cast.count)
            if mayOverflow { try check(cast, fitsInto: target.assumingMemoryBound(to: Int32.self)) }
        }
        return UnsafeRawPointer(target)
    }

    private var mayOverflow: Bool { held == .int32 && (dtype == .int64 || dtype == .uint64 || dtype == .uint32) }

    private func check(_ tensor: Tensor, fitsInto held: UnsafePointer<Int32>) throws {
        let values = try tensor.scalars(as: Int64.self)
        guard values.indices.allSatisfy({ values[$0] == Int64(held[$0]) }) else {
            throw KerasError(.mismatch, "an integer is too large", found: "\(dtype)", expected: "numbers that fit into int32")
        }
    }

    /// Writes numbers of an output in the type a caller sees.
    func deliver(_ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, count: Int) throws {
        try held.convert(from, to: dtype, to, count: count)
    }
}
