import JSON
import Tensors

/// What a configuration names by class and settings: an initializer, a regularizer, a constraint. Kept word for word, known or not.
public protocol SerializedObject: ConfigValue, Hashable {
    /// The module Keras 3 writes beside the class: `keras.initializers`.
    static var module: String { get }
    /// The class for each function-style name: `glorot_uniform` → `GlorotUniform`.
    static var aliases: [String: String] { get }
    var className: String { get set }
    var config: JSONObject { get set }
    init(className: String, config: JSONObject)
}

extension SerializedObject {
    public init(config json: JSON, in context: DecodingContext) throws {
        switch json {
        case .string(let name): self.init(className: Self.aliases[name] ?? name, config: [:])
        case .object(let object):
            guard let name = object["class_name"]?.string else {
                throw KerasError.unexpected(json, expected: "an object with 'class_name'")
            }
            self.init(className: Self.aliases[name] ?? name, config: object["config"]?.object ?? [:])
        default: throw KerasError.unexpected(json, expected: "a name or an object with 'class_name'")
        }
    }

    public func config(in context: EncodingContext) -> JSON {
        let known = Self.aliases.values.contains(className)
        switch context.dialect {
        case .keras3:
            return [
                "module": known ? .string(Self.module) : nil, "class_name": .string(className), "config": .object(config),
                "registered_name": known ? nil : .string(className),
            ]
        case .keras2, .tfKeras: return ["class_name": .string(className), "config": .object(config)]
        }
    }
}

/// How a weight begins. Keras: `kernel_initializer` and its like.
public struct Initializer: SerializedObject {
    public static let module = "keras.initializers"
    public static let aliases = [
        "zeros": "Zeros", "zero": "Zeros", "ones": "Ones", "one": "Ones", "constant": "Constant", "identity": "Identity",
        "random_normal": "RandomNormal", "normal": "RandomNormal", "random_uniform": "RandomUniform", "uniform": "RandomUniform",
        "truncated_normal": "TruncatedNormal", "variance_scaling": "VarianceScaling", "orthogonal": "Orthogonal",
        "glorot_uniform": "GlorotUniform", "glorot_normal": "GlorotNormal", "he_uniform": "HeUniform", "he_normal": "HeNormal",
        "lecun_uniform": "LecunUniform", "lecun_normal": "LecunNormal",
    ]
    public var className: String
    public var config: JSONObject
    public init(className: String, config: JSONObject) {
        self.className = className
        self.config = config
    }

    public static let zeros = Initializer(className: "Zeros", config: [:])
    public static let ones = Initializer(className: "Ones", config: [:])
    public static let glorotUniform = Initializer(className: "GlorotUniform", config: ["seed": nil])
    public static let heNormal = Initializer(className: "HeNormal", config: ["seed": nil])
    public static let heUniform = Initializer(className: "HeUniform", config: ["seed": nil])
    public static let randomUniform = Initializer(className: "RandomUniform", config: ["minval": -0.05, "maxval": 0.05, "seed": nil])
    public static let randomNormal = Initializer(className: "RandomNormal", config: ["mean": 0.0, "stddev": 0.05, "seed": nil])
    public static func constant(_ value: Double) -> Initializer { Initializer(className: "Constant", config: ["value": .float(value)]) }
}

/// A penalty on a weight's size, used in training. Keras: `kernel_regularizer` and its like.
public struct Regularizer: SerializedObject {
    public static let module = "keras.regularizers"
    public static let aliases = ["l1": "L1", "l2": "L2", "l1_l2": "L1L2", "orthogonal_regularizer": "OrthogonalRegularizer"]
    public var className: String
    public var config: JSONObject
    public init(className: String, config: JSONObject) {
        self.className = className
        self.config = config
    }

    public static func l1(_ factor: Double) -> Regularizer { Regularizer(className: "L1", config: ["l1": .float(factor)]) }
    public static func l2(_ factor: Double) -> Regularizer { Regularizer(className: "L2", config: ["l2": .float(factor)]) }
}

/// A rule a weight is brought back to after each step of training. Keras: `kernel_constraint` and its like.
public struct Constraint: SerializedObject {
    public static let module = "keras.constraints"
    public static let aliases = ["max_norm": "MaxNorm", "min_max_norm": "MinMaxNorm", "unit_norm": "UnitNorm", "non_neg": "NonNeg"]
    public var className: String
    public var config: JSONObject
    public init(className: String, config: JSONObject) {
        self.className = className
        self.config = config
    }
}
