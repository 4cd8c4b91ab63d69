import JSON
import Tensors

/// A type that can be the value of a configuration key.
public protocol ConfigValue: Sendable {
    /// - Throws: `malformed` if the JSON cannot mean this type, `unsupported` for a meaning this version lacks.
    init(config: JSON, in context: DecodingContext) throws
    /// - Throws: `unsupported` if the target dialect has no word for it.
    func config(in context: EncodingContext) throws -> JSON
}

extension KerasError {
    static func unexpected(_ value: JSON, expected: String) -> KerasError {
        KerasError(.malformed, "a configuration value is not what it must be", found: value.summary, expected: expected)
    }
}

extension Int: ConfigValue {
    /// Whole floats count: numpy numbers were once written so.
    public init(config: JSON, in context: DecodingContext) throws {
        if let integer = config.integer {
            self = integer
        } else if let number = config.number, let whole = Int(exactly: number) {
            self = whole
        } else {
            throw KerasError.unexpected(config, expected: "an integer")
        }
    }
    public func config(in context: EncodingContext) -> JSON { .integer(self) }
}

extension Double: ConfigValue {
    /// A numpy number too, as Keras 2 before 2.2 wrote it: `{"type": "ndarray", "value": 0.3}`.
    public init(config: JSON, in context: DecodingContext) throws {
        let plain = config["type"] == "ndarray" ? config["value"] : config
        guard let number = plain?.number, !number.isNaN else { throw KerasError.unexpected(config, expected: "a number") }
        self = number
    }
    public func config(in context: EncodingContext) -> JSON { .float(self) }
}

extension Bool: ConfigValue {
    public init(config: JSON, in context: DecodingContext) throws {
        switch config {
        case .bool(let value): self = value
        case .integer(0): self = false
        case .integer(1): self = true
        default: throw KerasError.unexpected(config, expected: "true or false")
        }
    }
    public func config(in context: EncodingContext) -> JSON { .bool(self) }
}

extension String: ConfigValue {
    public init(config: JSON, in context: DecodingContext) throws {
        guard let text = config.string else { throw KerasError.unexpected(config, expected: "a string") }
        self = text
    }
    public func config(in context: EncodingContext) -> JSON { .string(self) }
}

extension Optional: ConfigValue where Wrapped: ConfigValue {
    public init(config: JSON, in context: DecodingContext) throws {
        self = config.isNull ? nil : try Wrapped(config: config, in: context)
    }
    public func config(in context: EncodingContext) throws -> JSON { try self?.config(in: context) ?? .null }
}

extension Array: ConfigValue where Element: ConfigValue {
    /// A tuple that tf.keras wrote as `{"class_name": "__tuple__", "items": […]}` is a list.
    public init(config: JSON, in context: DecodingContext) throws {
        guard let items = config.array ?? config["items"]?.array else { throw KerasError.unexpected(config, expected: "a list") }
        self = try items.map { try Element(config: $0, in: context) }
    }
    public func config(in context: EncodingContext) throws -> JSON { .array(try map { try $0.config(in: context) }) }
}

/// A configuration value kept as it was written: carried through, without meaning to this version.
extension JSON: ConfigValue {
    public init(config: JSON, in context: DecodingContext) { self = config }
    public func config(in context: EncodingContext) -> JSON { self }
}

extension ConfigValue where Self: RawRepresentable & CaseIterable, RawValue == String {
    /// For enumerations whose raw values are Keras's words.
    public init(config: JSON, in context: DecodingContext) throws {
        guard let value = config.string.flatMap({ Self(rawValue: $0.lowercased()) }) else {
            throw KerasError.unexpected(config, expected: Self.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or "))
        }
        self = value
    }
    public func config(in context: EncodingContext) -> JSON { .string(rawValue) }
}
