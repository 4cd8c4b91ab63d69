internal import Storage
public import Tensors

extension PickleValue {
    /// The value as a tensor: an array itself, a number, or lists of numbers as `numpy.array` takes them (truth values, else `int64`, else
    /// `float64`; or text).
    ///
    /// - Throws: a `mismatch` problem for anything else, and for lists whose lengths differ.
    public func tensor() throws -> Tensor {
        if case .tensor(let tensor) = self { return tensor }
        var dims: [Int] = []
        var first = self
        while let items = first.items {
            dims.append(items.count)
            guard let next = items.first else { break }
            first = next
        }
        let shape = try Shape(checking: dims)
        if first.text != nil { return try Tensor(texts(dims[...]), shape: shape) }
        var numbers = Numbers(count: shape.count)
        try collect(dims[...], into: &numbers)
        return try numbers.tensor(shape)
    }

    /// Text, nested as numbers are.
    private func texts(_ dims: ArraySlice<Int>) throws -> [String] {
        guard let length = dims.first else {
            guard let text else { throw KerasError(.mismatch, "this is no array of texts", found: kind, expected: "text") }
            return [text]
        }
        guard let items, items.count == length else {
            throw KerasError(.mismatch, "lists of texts have different lengths", found: kind, expected: "\(length) texts each")
        }
        return try items.flatMap { try $0.texts(dims.dropFirst()) }
    }

    /// The elements of a list or tuple, or of a one-dimensional array of objects.
    private var items: [PickleValue]? {
        switch self {
        case .list(let items), .tuple(let items): items
        case .objects(let array) where array.shape.rank == 1: array.elements
        default: nil
        }
    }

    private func collect(_ dims: ArraySlice<Int>, into numbers: inout Numbers) throws {
        guard let length = dims.first else { return try numbers.append(self) }
        guard let items, items.count == length else {
            throw KerasError(.mismatch, "lists of numbers have different lengths", found: kind, expected: "\(length) numbers each")
        }
        for item in items { try item.collect(dims.dropFirst(), into: &numbers) }
    }

    /// Numbers of which it is not known yet what they are together.
    private struct Numbers {
        private var integers: [Int] = []
        private var floats: [Double] = []
        private var isFloat = false
        private var isBool = true

        init(count: Int) { integers.reserveCapacity(count) }

        mutating func append(_ value: PickleValue) throws {
            switch value {
            case .bool(let value): append(value ? 1 : 0)
            case .int(let value):
                isBool = false
                append(value)
            case .float(let value):
                isBool = false
                if !isFloat {
                    isFloat = true
                    floats = integers.map(Double.init)
                    integers = []
                }
                floats.append(value)
            default: throw KerasError(.mismatch, "this is no array of numbers", found: value.kind, expected: "numbers")
            }
        }

        private mutating func append(_ value: Int) { if isFloat { floats.append(Double(value)) } else { integers.append(value) } }

        func tensor(_ shape: Shape) throws -> Tensor {
            // As numpy.array([]): floats.
            if isFloat || (integers.isEmpty && floats.isEmpty) { return try Tensor(floats, shape: shape) }
            return isBool ? try Tensor(integers.map { $0 != 0 }, shape: shape) : try Tensor(integers, shape: shape)
        }
    }
}
