import JSON
import Tensors

/// What a layer computes in and what its weights are kept in. Keras: `dtype`.
public struct DTypePolicy: ConfigValue, Hashable {
    /// `float32`, `mixed_float16`, …
    public let name: String
    public let compute: DType
    public let variable: DType

    public static let float32 = DTypePolicy(.float32)

    public init(_ dtype: DType) {
        name = dtype.description
        compute = dtype
        variable = dtype
    }

    init(name: String) throws {
        self.name = name
        switch name {
        case "mixed_float16": (compute, variable) = (.float16, .float32)
        case "mixed_bfloat16": (compute, variable) = (.bfloat16, .float32)
        default:
            guard let dtype = DType(name: name) else { throw KerasError.unexpected(.string(name), expected: "a dtype or dtype policy") }
            (compute, variable) = (dtype, dtype)
        }
    }

    /// A name, or Keras's `{"class_name": "DTypePolicy" or "Policy", "config": {"name": …}}`.
    public init(config json: JSON, in context: DecodingContext) throws {
        if json.isNull {
            self = .float32
        } else if let name = json.string {
            try self.init(name: name)
        } else if let kind = json["class_name"]?.string, ["DTypePolicy", "FloatDTypePolicy", "Policy", "PolicyV1"].contains(kind),
            let name = json["config"]?["name"]?.string
        {
            try self.init(name: name)
        } else if let kind = json["class_name"]?.string {
            throw KerasError(.unsupported, "this dtype policy is not supported", found: kind)
        } else {
            throw KerasError.unexpected(json, expected: "a dtype or dtype policy")
        }
    }

    public func config(in context: EncodingContext) throws -> JSON {
        switch context.dialect {
        case .keras2 where compute != variable: throw KerasError(.unsupported, "Keras 2 has no dtype policies", found: "'\(name)'")
        case .keras3: context.object(WrittenClass("DTypePolicy", module: "keras"), config: ["name": .string(name)])
        case .tfKeras where compute != variable && !context.isUniversal:
            context.object(WrittenClass("Policy", module: "keras.mixed_precision"), config: ["name": .string(name)])
        case .keras2, .tfKeras: .string(name)
        }
    }
}
