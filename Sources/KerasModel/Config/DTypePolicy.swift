import JSON
import Tensors

/// What a layer computes in and what its weights are kept in. Keras: `dtype`.
public struct DTypePolicy: ConfigValue, Hashable {
    /// `float32`, `mixed_float16`, …
    public let name: String
    public let compute: DType
    public let variable: DType
    /// True where some layers keep their kernels in 8 bits and bring what comes in to 8 bits. Keras 3: `int8_from_float32`.
    public let isInt8: Bool

    public static let float32 = DTypePolicy(.float32)
    /// Text; nothing is computed in it.
    package static let string = DTypePolicy(text: "string")

    public init(_ dtype: DType) {
        name = dtype.description
        compute = dtype
        variable = dtype
        isInt8 = false
    }

    private init(text name: String) { (self.name, compute, variable, isInt8) = (name, .unicode(0), .unicode(0), false) }

    init(name: String) throws {
        if name.hasPrefix("int8_from_") {
            let source = try DTypePolicy(name: String(name.dropFirst("int8_from_".count)))
            (self.name, compute, variable, isInt8) = (name, source.compute, source.variable, true)
            return
        }
        if name.contains("_from_") { throw KerasError(.unsupported, "this quantization is not run", found: "'\(name)'", expected: "int8") }
        self.name = name
        isInt8 = false
        switch name {
        case "mixed_float16": (compute, variable) = (.float16, .float32)
        case "string": (compute, variable) = (.unicode(0), .unicode(0))
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
        } else if let mode = json["config"]?["mode"]?.string, let source = json["config"]?["source_name"]?.string {
            try self.init(name: "\(mode)_from_\(source)")
        } else if let kind = json["class_name"]?.string {
            throw KerasError(.unsupported, "this dtype policy is not supported", found: kind)
        } else {
            throw KerasError.unexpected(json, expected: "a dtype or dtype policy")
        }
    }

    public func config(in context: EncodingContext) throws -> JSON {
        if isInt8 {
            guard context.dialect == .keras3 else {
                throw KerasError(.unsupported, "only Keras 3 has quantized layers", found: "'\(name)'")
            }
            let source = String(name.dropFirst("int8_from_".count))
            return context.object(
                WrittenClass("QuantizedDTypePolicy", module: "keras.dtype_policies"),
                config: ["mode": "int8", "source_name": .string(source)])
        }
        return switch context.dialect {
        case .keras2 where compute != variable: throw KerasError(.unsupported, "Keras 2 has no dtype policies", found: "'\(name)'")
        case .keras3: context.object(WrittenClass("DTypePolicy", module: "keras"), config: ["name": .string(name)])
        case .tfKeras where compute != variable && !context.isUniversal:
            context.object(WrittenClass("Policy", module: "keras.mixed_precision"), config: ["name": .string(name)])
        case .keras2, .tfKeras: .string(name)
        }
    }
}
