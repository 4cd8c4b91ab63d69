public import Tensors

/// One-hot rows of class numbers, as `keras.utils.to_categorical`: `(…)` or `(…, 1)` becomes `(…, classes)` of zeros, with a one at each number.
///
/// Keras 2's elements were `float32` unless asked for otherwise, as here; Keras 3's are the same values as `float64`.
///
/// - Parameters:
///   - labels: numbers from 0 on; fractions are cut off, as Keras does.
///   - numClasses: one more than the largest of them unless given.
/// - Throws: a `mismatch` problem for a number that is no class, `unsupported` for elements that are no numbers, `resource` for a result that is too
///   large.
public func toCategorical(_ labels: Tensor, numClasses: Int? = nil, dtype: DType = .float32) throws -> Tensor {
    let numbers = try labels.scalars(as: Int.self)
    let classes = numClasses ?? (numbers.max().map { $0 < .max ? $0 + 1 : $0 } ?? 0)
    for number in numbers where !(0..<max(classes, 0)).contains(number) {
        throw KerasError(.mismatch, "a label is the number of no class", found: "\(number)", expected: "0 to \(classes - 1)")
    }
    let dims = labels.rank > 1 && labels.shape.dims.last == 1 ? labels.shape.dims.dropLast() : labels.shape.dims[...]
    let shape = try Shape(checking: dims + [classes])
    guard dtype.isNumeric else {
        throw KerasError(.unsupported, "one-hot rows have no such elements", found: "\(dtype)", expected: "float32, for example")
    }
    let rows = try Tensor(shape: shape, as: UInt8.self) { target in
        for (row, number) in numbers.enumerated() { target[row * classes + number] = 1 }
    }
    return try rows.converted(to: dtype)
}
