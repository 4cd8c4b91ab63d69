/// A JSON value as Python's `json` module sees it: integers apart from floats, objects in the order they were written, `NaN` and `Infinity`.
///
/// Two values are equal if Python would call them equal and of the same type: `1` is not `1.0`, the order of an object's keys does not
/// matter, and `NaN` equals itself, so that a configuration equals its copy.
public enum JSON: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    /// An integer that ``integer(_:)`` cannot hold, as its decimal digits.
    case bigInteger(String)
    case float(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

extension JSON: Hashable {
    public static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.bigInteger(let left), .bigInteger(let right)): left == right
        case (.float(let left), .float(let right)): left == right || (left.isNaN && right.isNaN)
        case (.string(let left), .string(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .bigInteger(let value): hasher.combine(value)
        case .float(let value): hasher.combine(value.isNaN ? Double.nan.bitPattern : (value + 0).bitPattern)
        case .string(let value): hasher.combine(value)
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        }
    }
}

extension JSON {
    public var isNull: Bool { if case .null = self { true } else { false } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// The value of an integer; nil for a float, even a whole one.
    public var integer: Int? { if case .integer(let value) = self { value } else { nil } }

    /// The value of any number, integer or float.
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .bigInteger(let digits): Double(digits)
        case .float(let value): value
        default: nil
        }
    }

    /// The value under `key`, if this is an object that has it.
    public subscript(key: String) -> JSON? { object?[key] }

    /// The element at `index`, if this is a list that has it.
    public subscript(index: Int) -> JSON? {
        guard case .array(let values) = self, values.indices.contains(index) else { return nil }
        return values[index]
    }

    /// What kind of value this is, for a message: "a string", "a list".
    public var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a truth value"
        case .integer, .bigInteger: "an integer"
        case .float: "a float"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// The kind and, where it is short, the value: `the string "relu"`. For messages.
    public var summary: String {
        switch self {
        case .null: "null"
        case .bool, .integer, .float: serialized()
        case .bigInteger(let digits): digits.utf8.count <= 40 ? digits : kindName
        case .string(let text): text.utf8.count <= 60 ? serialized() : kindName
        case .array, .object: kindName
        }
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .float(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// Of a key that is given twice the last value counts, as in Python.
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
}

extension JSON: CustomStringConvertible {
    public var description: String { serialized() }
}
