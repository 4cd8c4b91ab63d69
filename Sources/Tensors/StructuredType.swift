/// An element with named parts: numpy's structured types.
public struct StructuredType: Hashable, Sendable, CustomStringConvertible {
    public struct Field: Hashable, Sendable {
        public let name: String
        /// A second name that some writers give, for people to read.
        public let title: String?
        public let dtype: DType
        /// A field may hold an array of a fixed shape; `()` for a single value.
        public let shape: Shape
        /// Where it begins in the element, in bytes.
        public let offset: Int

        public init(_ name: String, _ dtype: DType, shape: Shape = [], offset: Int, title: String? = nil) {
            self.name = name
            self.title = title
            self.dtype = dtype
            self.shape = shape
            self.offset = offset
        }

        /// Bytes it takes.
        public var size: Int { shape.count * dtype.size }
    }

    /// In the order of their offsets.
    public let fields: [Field]
    /// Bytes of an element, with what is left free between and after the fields.
    public let size: Int

    /// The largest element numpy has.
    public static let maximumSize = Int(Int32.max)

    /// - Throws: a `malformed` problem if two fields overlap, one lies outside of the element, or two have the same name.
    public init(_ fields: [Field], size: Int) throws {
        guard (0...StructuredType.maximumSize).contains(size) else {
            throw KerasError(
                .malformed, "a structured element is too large", found: "\(size) bytes", expected: "at most \(StructuredType.maximumSize)")
        }
        var names: Set<String> = []
        var end = 0
        for field in fields {
            let (length, overflow) = field.shape.count.multipliedReportingOverflow(by: field.dtype.size)
            guard !overflow, field.offset >= end, field.offset <= size, length <= size - field.offset else {
                throw KerasError(.malformed, "a field of a structured element lies outside of its place", at: Place(key: field.name))
            }
            for name in [field.name, field.title].compactMap(\.self) where !names.insert(name).inserted {
                throw KerasError(.malformed, "two fields of a structured element have the same name", at: Place(key: name))
            }
            end = field.offset + length
        }
        self.fields = fields
        self.size = size
    }

    /// The fields one after the other, without anything between them.
    ///
    /// - Throws: as ``init(_:size:)``.
    public init(packing parts: [(name: String, dtype: DType)]) throws {
        var offset = 0
        let fields = parts.map { part in
            defer { offset += part.dtype.size }
            return Field(part.name, part.dtype, offset: offset)
        }
        try self.init(fields, size: offset)
    }

    /// By name or by title, as in numpy.
    public subscript(name: String) -> Field? { fields.first { $0.name == name || $0.title == name } }

    public var names: [String] { fields.map(\.name) }

    /// As Python would write the list of fields: `[('x', float32), ('y', int32, (2,))]`.
    public var description: String {
        "[" + fields.map { "('\($0.name)', \($0.dtype)" + ($0.shape.rank == 0 ? "" : ", \($0.shape)") + ")" }.joined(separator: ", ") + "]"
    }
}
