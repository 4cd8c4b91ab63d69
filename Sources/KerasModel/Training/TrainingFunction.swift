import JSON
import Tensors

/// What a loss and a metric have in common: names, settings, and meanings that hang on the generation of Keras.
///
/// These are descriptions; the arithmetic is in the runtime, a file of the same family.
public protocol TrainingFunction: Hashable, Sendable {
    static var names: FunctionNames { get }
    /// The settings a file can give, in the order Keras writes them.
    static var keys: [ConfigKey<Self>] { get }
    /// Every setting at its default, every meaning Keras 3's.
    init()
    /// Takes the meanings this generation gives to the name. They are no settings: no file says them.
    mutating func adopt(_ dialect: Dialect)
}

extension TrainingFunction {
    public static var keys: [ConfigKey<Self>] { [] }
    public func adopt(_ dialect: Dialect) {}
    public var names: FunctionNames { Self.names }

    static func decoded(_ config: JSONObject, in context: DecodingContext) throws -> Self {
        var function = Self()
        function.adopt(context.dialect)
        for key in keys {
            guard let name = key.allNames.first(where: { config.contains($0) }), let value = config[name] else {
                guard !key.isRequired else {
                    throw KerasError(.malformed, "a setting is missing", at: Place(key: key.name), found: Self.names.className)
                }
                key.absent(context.dialect, &function)
                continue
            }
            try KerasError.placing(Place(key: name)) { try key.decode(value, context, &function) }
        }
        return function
    }

    package func settings(in context: EncodingContext) throws -> JSONObject {
        var config = JSONObject()
        for key in Self.keys where key.dialects.contains(context.dialect) && key.isWritten(self, context) {
            config[key.name(in: context.dialect)] = try KerasError.placing(Place(key: key.name)) { try key.encode(self, context) }
        }
        return config
    }

    /// True if the name alone says it: every setting has its default.
    var isPlain: Bool {
        let context = EncodingContext(dialect: .keras3)
        if Self.keys.contains(where: \.isRequired) { return false }
        guard let own = try? settings(in: context), let usual = try? Self().settings(in: context) else { return false }
        return own == usual
    }
}

/// What a function of training is called.
public struct FunctionNames: Sendable {
    /// Keras 3's class: `MeanSquaredError`.
    public let className: String
    /// Keras 3's function: `mean_squared_error`.
    public let function: String
    /// Where the function has another name.
    let older: [Dialect: String]
    /// Further names it is found by.
    let aliases: [String]
    /// Who has the function.
    package let dialects: Set<Dialect>

    public init(
        _ className: String, _ function: String, older: [Dialect: String] = [:], aliases: [String] = [],
        in dialects: Set<Dialect> = Dialect.all
    ) {
        self.className = className
        self.function = function
        self.older = older
        self.aliases = aliases
        self.dialects = dialects
    }

    func function(in dialect: Dialect) -> String { older[dialect] ?? function }

    /// - Throws: an `unsupported` problem if a dialect lacks the function.
    func check(in dialect: Dialect) throws {
        guard dialects.contains(dialect) else {
            throw KerasError(.unsupported, "\(dialect.rawValue) has no such function", found: className)
        }
    }

    var all: [String] { [className, function] + older.values.sorted() + aliases }
}

/// A function of training as a file names it: a string, a class with settings, or a function spelled out as an object.
struct NamedFunction {
    var name: String
    var settings: JSONObject = [:]
    /// True if it was written as a class, which brings a name of its own to show.
    var isObject = false

    init(_ json: JSON) throws {
        if let name = json.string {
            self.name = name
        } else if let className = json["class_name"]?.string, className == "function", let function = json["config"]?.string {
            name = function
        } else if let className = json["class_name"]?.string {
            settings = json["config"]?.object ?? [:]
            isObject = true
            // A wrapper round a function: the function is what counts.
            if ["MeanMetricWrapper", "LossFunctionWrapper", "SumOverBatchSizeMetricWrapper"].contains(className),
                let function = settings["fn"]
            {
                name = try NamedFunction(function).name
            } else {
                name = className
            }
        } else {
            throw KerasError.unexpected(json, expected: "a name or an object with 'class_name'")
        }
    }
}
