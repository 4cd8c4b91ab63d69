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
    /// The same in the words of those who are to read it.
    ///
    /// - Throws: `unsupported` if they have none.
    func translated(for context: EncodingContext) throws -> Self
}

extension SerializedObject {
    public func translated(for context: EncodingContext) throws -> Self { self }

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

    public func config(in context: EncodingContext) throws -> JSON {
        let words = try translated(for: context)
        let known = Self.aliases.contains { $0 == words.className || $1 == words.className }
        return context.object(
            WrittenClass(words.className, module: known ? Self.module : nil, registeredName: known ? nil : words.className),
            config: words.config)
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
        // Keras 3.4 to 3.6 wrote the classes' own names.
        "OrthogonalInitializer": "Orthogonal", "IdentityInitializer": "Identity",
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

    /// What Keras 2 has no classes for: each is `VarianceScaling` with this scale, mode and distribution, and was written so.
    private static let scalings: [String: (scale: Double, mode: String, distribution: String)] = [
        "GlorotUniform": (1, "fan_avg", "uniform"), "GlorotNormal": (1, "fan_avg", "normal"),
        "HeUniform": (2, "fan_in", "uniform"), "HeNormal": (2, "fan_in", "normal"),
        "LecunUniform": (1, "fan_in", "uniform"), "LecunNormal": (1, "fan_in", "normal"),
    ]

    /// The settings of a class with their defaults, in tf.keras's order. Keras 3 writes the seed first.
    private static let settings: [String: JSONObject] = [
        "RandomUniform": ["minval": -0.05, "maxval": 0.05, "seed": nil], "RandomNormal": ["mean": 0.0, "stddev": 0.05, "seed": nil],
        "TruncatedNormal": ["mean": 0.0, "stddev": 0.05, "seed": nil], "Orthogonal": ["gain": 1.0, "seed": nil],
        "VarianceScaling": ["scale": 1.0, "mode": "fan_in", "distribution": "truncated_normal", "seed": nil],
    ]

    /// Every setting, in the order in which the Keras of `dialect` writes them.
    private func complete(in dialect: Dialect) -> JSONObject {
        let scales = className == "VarianceScaling" || Initializer.scalings[className] != nil
        guard var known = Initializer.settings[className] ?? (scales ? ["seed": nil] : nil) else { return config }
        if dialect == .keras3 {
            known = JSONObject([("seed", .null)] + known.filter { $0.key != "seed" }.map { ($0.key, $0.value) })
            if scales { (known["input_axes"], known["output_axes"]) = (.null, .null) }
        }
        for (key, value) in config { known[key] = value }
        return known
    }

    public func translated(for context: EncodingContext) throws -> Initializer {
        var words = self
        if context.dialect != .keras2 && !context.isUniversal { words.config = complete(in: context.dialect) }
        if context.dialect != .keras3 || context.isUniversal {
            // Keras 3.15's own, where it does not have its default.
            for key in ["input_axes", "output_axes"] where words.config[key]?.isNull == true { words.config[key] = nil }
        }
        // TensorFlow 1 wrote the type of the weight here too.
        if context.dialect != .tfKeras || context.isUniversal { words.config["dtype"] = nil }
        if context.dialect == .keras2 || context.isUniversal {
            if let scaling = Initializer.scalings[className] {
                words = Initializer(
                    className: "VarianceScaling",
                    config: [
                        "scale": .float(scaling.scale), "mode": .string(scaling.mode), "distribution": .string(scaling.distribution),
                        "seed": config["seed"] ?? nil,
                    ])
            } else if className == "VarianceScaling", words.config["distribution"] == "truncated_normal" {
                words.config["distribution"] = "normal"
            } else if className == "VarianceScaling", words.config["distribution"] == "untruncated_normal", !context.isUniversal {
                throw KerasError(.unsupported, "Keras 2 has no such distribution", found: "'untruncated_normal'")
            }
        } else if className == "VarianceScaling", words.config["distribution"] == "normal", context.dialect == .keras3 {
            words.config["distribution"] = "truncated_normal"
        }
        // Keras 3 before 3.4 knows it by this name alone, which every other takes too.
        if context.isUniversal, words.className == "Orthogonal" { words.className = "orthogonal" }
        return words
    }
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
    public static func l1l2(l1: Double, l2: Double) -> Regularizer {
        Regularizer(className: "L1L2", config: ["l1": .float(l1), "l2": .float(l2)])
    }
    /// - Parameter mode: `rows` or `columns`: what is to be orthogonal.
    public static func orthogonal(_ factor: Double = 0.01, mode: String = "rows") -> Regularizer {
        Regularizer(className: "OrthogonalRegularizer", config: ["factor": .float(factor), "mode": .string(mode)])
    }

    /// Keras 2 has one class for both penalties, which all others have too.
    public func translated(for context: EncodingContext) throws -> Regularizer {
        guard context.dialect == .keras2 || context.isUniversal else {
            return Regularizer(className: className, config: config.mapValues { $0.rounded(for: context) })
        }
        switch className {
        case "L1", "L2": return Regularizer(className: "L1L2", config: ["l1": config["l1"] ?? 0.0, "l2": config["l2"] ?? 0.0])
        case "OrthogonalRegularizer" where !context.isUniversal:
            throw KerasError(.unsupported, "Keras 2 has no such regularizer", found: className)
        default: return self
        }
    }
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

    public static let nonNeg = Constraint(className: "NonNeg", config: [:])
    public static func maxNorm(_ maximum: Double = 2, axis: Axes = 0) -> Constraint {
        Constraint(className: "MaxNorm", config: ["max_value": .float(maximum), "axis": axis.json])
    }
    public static func unitNorm(axis: Axes = 0) -> Constraint { Constraint(className: "UnitNorm", config: ["axis": axis.json]) }
    public static func minMaxNorm(_ minimum: Double = 0, _ maximum: Double = 1, rate: Double = 1, axis: Axes = 0) -> Constraint {
        Constraint(
            className: "MinMaxNorm",
            config: ["min_value": .float(minimum), "max_value": .float(maximum), "rate": .float(rate), "axis": axis.json])
    }
}
