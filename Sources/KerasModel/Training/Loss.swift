import JSON
import Tensors

/// One kind of loss: its names and settings.
public protocol LossFunction: TrainingFunction {}

/// What training makes small for one output of a model. Keras: `loss`.
public struct Loss: Sendable {
    /// How the numbers of a batch become one.
    public enum Reduction: String, Sendable {
        /// Their sum by their number.
        case mean = "sum_over_batch_size"
        case sum
        /// Their weighted sum by the sum of the weights (Keras 3).
        case weightedMean = "mean_with_sample_weight"
    }

    public var function: any LossFunction
    public var reduction = Reduction.mean
    /// What it was called by hand; nil for its own name.
    public var name: String?
    /// True where an output that is a softmax or a sigmoid lets the loss be computed from that function's operand, without clipping:
    /// tf.keras, and Keras 3 on TensorFlow.
    public var readsLogits = true

    public init(_ function: any LossFunction, reduction: Reduction = .mean) {
        self.function = function
        self.reduction = reduction
    }

    /// The function's name in Keras 3.
    public var functionName: String { function.names.function }
}

extension Loss: ConfigValue {
    /// A name, or an object with settings.
    public init(config json: JSON, in context: DecodingContext) throws {
        let named = try NamedFunction(json)
        guard let type = Loss.types[named.name] else {
            throw KerasError(.unsupported, "this loss is not known", found: "'\(named.name)'")
        }
        self.init(try type.decoded(named.settings, in: context))
        name = named.settings["name"]?.string
        readsLogits = context.dialect != .keras2
        switch named.settings["reduction"] ?? .null {
        case .null, "auto", "mean": break
        case let json:
            guard let reduction = json.string.flatMap(Reduction.init) else {
                throw KerasError(
                    .unsupported, "this way to sum a loss up is not supported", at: Place(key: "reduction"), found: json.summary)
            }
            self.reduction = reduction
        }
    }

    /// The function's name if that says it all, else its class with its settings.
    ///
    /// What a generation means by a name is not written: the Keras that reads it takes its own meaning.
    public func config(in context: EncodingContext) throws -> JSON { try config(in: context, for: []) }

    /// - Parameter readers: others that are to read it too.
    package func config(in context: EncodingContext, for readers: [Dialect]) throws -> JSON {
        let names = function.names
        for reader in [context.dialect] + readers { try names.check(in: reader) }
        if function.isPlain && reduction == .mean && name == nil { return .string(names.function(in: context.dialect)) }
        guard context.dialect != .keras2 else {
            throw KerasError(.unsupported, "Keras 2 has no losses with settings", found: names.className)
        }
        var settings: JSONObject = ["name": .string(name ?? names.function), "reduction": .string(reduction.rawValue)]
        for (key, value) in try function.settings(in: context) { settings[key] = value }
        if !readers.isEmpty {
            // What one of the readers does not know can be left out where it has its default.
            let usual = try Swift.type(of: function).init().settings(in: context)
            for reader in readers {
                let known = try function.settings(in: EncodingContext(dialect: reader))
                for key in usual.keys where !known.contains(key) {
                    guard settings[key] == usual[key] else {
                        throw KerasError(
                            .unsupported, "\(reader.rawValue) has no such setting", at: Place(key: key), found: names.className)
                    }
                    settings[key] = nil
                }
            }
        }
        guard context.dialect == .keras3 else { return ["class_name": .string(names.className), "config": .object(settings)] }
        return ["module": "keras.losses", "class_name": .string(names.className), "config": .object(settings), "registered_name": nil]
    }

    private static let types: [String: any LossFunction.Type] = {
        var types: [String: any LossFunction.Type] = [:]
        for type in knownLosses {
            for name in type.names.all { types[name] = type }
        }
        return types
    }()

    /// The loss of this name in any Keras; nil if there is none.
    static func type(named name: String) -> (any LossFunction.Type)? { types[name] }
}

extension Loss {
    public static let meanSquaredError = Loss(MeanSquaredError())
    public static let meanAbsoluteError = Loss(MeanAbsoluteError())
    public static let meanAbsolutePercentageError = Loss(MeanAbsolutePercentageError())
    public static let meanSquaredLogarithmicError = Loss(MeanSquaredLogarithmicError())
    public static let logCosh = Loss(LogCosh())
    public static let huber = Loss(Huber())
    public static func huber(delta: Double) -> Loss { Loss(Huber(delta: delta)) }
    public static let cosineSimilarity = Loss(CosineSimilarity())
    public static let poisson = Loss(Poisson())
    public static let klDivergence = Loss(KLDivergence())
    public static let hinge = Loss(Hinge())
    public static let squaredHinge = Loss(SquaredHinge())
    public static let categoricalHinge = Loss(CategoricalHinge())
    public static let categoricalCrossentropy = Loss(CategoricalCrossentropy())
    public static func categoricalCrossentropy(fromLogits: Bool = false, labelSmoothing: Double = 0, axis: Int = -1) -> Loss {
        Loss(CategoricalCrossentropy(fromLogits: fromLogits, labelSmoothing: labelSmoothing, axis: axis))
    }
    public static let sparseCategoricalCrossentropy = Loss(SparseCategoricalCrossentropy())
    public static func sparseCategoricalCrossentropy(fromLogits: Bool = false, ignoreClass: Int? = nil) -> Loss {
        Loss(SparseCategoricalCrossentropy(fromLogits: fromLogits, ignoreClass: ignoreClass))
    }
    public static let binaryCrossentropy = Loss(BinaryCrossentropy())
    public static func binaryCrossentropy(fromLogits: Bool = false, labelSmoothing: Double = 0) -> Loss {
        Loss(BinaryCrossentropy(fromLogits: fromLogits, labelSmoothing: labelSmoothing))
    }
    public static let binaryFocalCrossentropy = Loss(BinaryFocalCrossentropy())
    public static let categoricalFocalCrossentropy = Loss(CategoricalFocalCrossentropy())
    public static func categoricalGeneralizedCrossEntropy(q: Double = 0.5) -> Loss { Loss(CategoricalGeneralizedCrossEntropy(q: q)) }
    public static let dice = Loss(Dice())
    public static func dice(axis: Axes) -> Loss { Loss(Dice(axis: axis)) }
    public static let tversky = Loss(Tversky())
    public static func tversky(alpha: Double = 0.5, beta: Double = 0.5, axis: Axes? = nil) -> Loss {
        Loss(Tversky(alpha: alpha, beta: beta, axis: axis))
    }
    public static let circle = Loss(Circle())
    public static let ctc = Loss(CTC())
}
