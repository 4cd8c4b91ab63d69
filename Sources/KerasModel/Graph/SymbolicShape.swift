import JSON
import Tensors

/// A shape with lengths that may be open: `(None, 28, 28, 1)`. The first axis is the batch.
public struct SymbolicShape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible, ConfigValue {
    public var dims: [Int?]

    public init(_ dims: [Int?]) { self.dims = dims }
    public init(_ shape: Shape) { dims = shape.dims }
    public init(arrayLiteral elements: Int?...) { dims = elements }

    public init(config json: JSON, in context: DecodingContext) throws {
        let items = try [Int?](config: json, in: context)
        guard items.allSatisfy({ ($0 ?? 0) >= 0 && ($0 ?? 0) < 1 << 31 }) else { throw KerasError.unexpected(json, expected: "a shape") }
        dims = items
    }

    public func config(in context: EncodingContext) -> JSON { .array(dims.map { $0.map(JSON.integer) ?? .null }) }

    public var rank: Int { dims.count }
    public subscript(axis: Int) -> Int? {
        get { dims[axis] }
        set { dims[axis] = newValue }
    }
    public var last: Int? { dims.last ?? nil }

    /// The length of `axis`, which weights hang on and which must therefore be known.
    ///
    /// - Throws: a `mismatch` problem if it is open, or there is no such axis.
    public func known(_ axis: Int) throws -> Int {
        guard dims.indices.contains(axis), let length = dims[axis] else {
            throw KerasError(.mismatch, "an input length must be known here", found: "\(self)", expected: "a number at axis \(axis)")
        }
        return length
    }

    /// True if a concrete shape is one of those meant.
    package func admits(_ shape: Shape) -> Bool {
        rank == shape.rank && zip(dims, shape.dims).allSatisfy { $0 == nil || $0 == $1 }
    }

    /// `axis` counted from the front, negative ones from the back as in Python.
    ///
    /// - Throws: a `mismatch` problem if there is no such axis.
    public func axis(_ axis: Int) throws -> Int {
        let own = axis < 0 ? axis + rank : axis
        guard own >= 0, own < rank else { throw KerasError(.mismatch, "there is no such axis", found: "axis \(axis) of \(self)") }
        return own
    }

    /// - Throws: a `mismatch` problem if the rank is not `expected`.
    public func check(rank expected: Int) throws {
        guard rank == expected else {
            throw KerasError(.mismatch, "an input has the wrong number of axes", found: "\(self)", expected: "\(expected) axes")
        }
    }

    /// As Python prints it.
    public var description: String {
        "(" + dims.map { $0.map(String.init) ?? "None" }.joined(separator: ", ") + (rank == 1 ? ",)" : ")")
    }
}
