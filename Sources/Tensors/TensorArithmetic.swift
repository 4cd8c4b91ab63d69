/// What data is prepared with, and predictions read with: the little arithmetic that a tutorial does with numpy.
extension Tensor {
    /// Every number times `factor`. Floating-point elements stay what they are; all others become `float32`, Keras's type, where numpy's become
    /// `float64`.
    ///
    /// - Throws: an `unsupported` problem for elements that are no real numbers or truth values.
    public static func * (tensor: Tensor, factor: Double) throws -> Tensor {
        try tensor.mapped(by: { $0 * Float(factor) }, { $0 * factor })
    }

    /// Every number divided by `divisor`, as `*` multiplies: `try images / 255`.
    ///
    /// - Throws: as `*`.
    public static func / (tensor: Tensor, divisor: Double) throws -> Tensor {
        try tensor.mapped(by: { $0 / Float(divisor) }, { $0 / divisor })
    }

    private func mapped(by single: (Float) -> Float, _ double: (Double) -> Double) throws -> Tensor {
        func mapped<T: TensorScalar>(_ function: (T) -> T) throws -> Tensor {
            let source = try converted(to: T.dtype)
            return try Tensor(shape: shape, as: T.self) { target in
                source.withScalars(as: T.self) { for index in $0.indices { target[index] = function($0[index]) } }
            }
        }
        if dtype == .float64 { return try mapped(double) }
        return try mapped(single).converted(to: dtype.isFloatingPoint ? dtype : .float32)
    }

    /// Where the largest number of each row stands, rows being the last axis: `(…, c)` gives as many places from 0 to c − 1 as there are rows. The
    /// first of several that are equal; that of a NaN, if there is one. numpy: `argmax(axis=-1)`.
    ///
    /// - Throws: a `mismatch` problem for rows without numbers, `unsupported` for elements that are no real numbers or truth values.
    public func argmax() throws -> [Int] {
        let columns = shape.dims.last ?? 0
        guard columns > 0 else { throw KerasError(.mismatch, "rows without numbers have no largest one", found: "\(shape)") }
        let numbers = try scalars(as: Double.self)
        return stride(from: 0, to: numbers.count, by: columns).map { start in
            (1..<columns).reduce(0) { best, column in
                let (known, new) = (numbers[start + best], numbers[start + column])
                return new > known || (new.isNaN && !known.isNaN) ? column : best
            }
        }
    }
}
