public import Tensors

/// A numpy array whose elements are Python objects, such as `numpy.save` once made of a tuple of arrays.
public struct ObjectArray: Sendable {
    public let shape: Shape
    /// In row-major order.
    public let elements: [PickleValue]

    init(shape: Shape, elements: [PickleValue]) {
        self.shape = shape
        self.elements = elements
    }

    public var count: Int { elements.count }

    /// The elements as tensors: arrays themselves, and lists of numbers as `numpy.array` takes them.
    ///
    /// - Throws: a `mismatch` problem that says which element is neither.
    public var tensors: [Tensor] {
        get throws {
            try elements.enumerated().map { index, element in
                try KerasError.placing(Place(key: "[\(index)]")) { try element.tensor() }
            }
        }
    }

    private func exactly(_ count: Int) throws -> [Tensor] {
        guard elements.count == count else {
            throw KerasError(
                .mismatch, "the array has another number of elements than are taken from it", found: "\(elements.count)",
                expected: "\(count)")
        }
        return try tensors
    }

    /// The elements one by one, as Python's `a, b = array`:
    ///
    ///     let (xTrain, xTest, yTrain, yTest) = try NPY.loadObjects("images.npy", allowPickle: true).unpacked()
    ///
    /// - Throws: a `mismatch` problem if there is another number of elements, or one is no array.
    public func unpacked() throws -> (Tensor, Tensor) {
        let all = try exactly(2)
        return (all[0], all[1])
    }

    /// As the other `unpacked()`, for three.
    public func unpacked() throws -> (Tensor, Tensor, Tensor) {
        let all = try exactly(3)
        return (all[0], all[1], all[2])
    }

    /// As the other `unpacked()`, for four.
    public func unpacked() throws -> (Tensor, Tensor, Tensor, Tensor) {
        let all = try exactly(4)
        return (all[0], all[1], all[2], all[3])
    }

    /// As the other `unpacked()`, for six: training, validation and test data.
    public func unpacked() throws -> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor) {
        let all = try exactly(6)
        return (all[0], all[1], all[2], all[3], all[4], all[5])
    }
}
