/// The lengths of a tensor's axes, outermost first: `(n, h, w, c)` for a batch of images. Every length is known and ≥ 0.
///
/// A shape from a file comes in through ``init(checking:)``, which refuses what memory cannot hold; after that ``count`` cannot overflow.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
    public let dims: [Int]
    /// The number of elements: the product of the lengths, 1 for a scalar.
    public let count: Int

    /// The most elements any shape may have (2⁴⁷), far under what would overflow a byte count.
    public static let maximumCount = 1 << 47

    /// For shapes made by our own arithmetic. Lengths from outside go through ``init(checking:)``.
    public init(_ dims: [Int]) {
        self.dims = dims
        self.count = dims.reduce(1, *)
    }

    public init(arrayLiteral elements: Int...) { self.init(elements) }

    /// - Throws: a `resource` problem if the product exceeds ``maximumCount``, `malformed` if a length is negative.
    public init(checking dims: [Int]) throws {
        var count = 1
        for dim in dims where dim < 0 {
            throw KerasError(.malformed, "a shape has a negative length", found: "\(dim) in \(Shape.text(dims))")
        }
        for dim in dims where dim != 0 {
            let (product, overflow) = count.multipliedReportingOverflow(by: dim)
            guard !overflow, product <= Shape.maximumCount else {
                throw KerasError(.resource, "a shape has too many elements", found: Shape.text(dims), expected: "at most 2^47")
            }
            count = product
        }
        self.dims = dims
        self.count = dims.contains(0) ? 0 : count
    }

    public var rank: Int { dims.count }
    public subscript(axis: Int) -> Int { dims[axis] }

    /// Row-major strides in elements.
    public var strides: [Int] {
        var strides = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) { strides[axis] = strides[axis + 1] * max(dims[axis + 1], 1) }
        return strides
    }

    /// As Python prints a tuple: `(3,)`, `(None, 28)` is a symbolic shape's.
    public var description: String { Shape.text(dims) }

    package static func text(_ dims: [Int]) -> String {
        "(" + dims.map(String.init).joined(separator: ", ") + (dims.count == 1 ? ",)" : ")")
    }
}
