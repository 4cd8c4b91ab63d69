import JSON
import Tensors

/// One kind of metric: its names and settings.
public protocol MetricFunction: TrainingFunction {
    /// Whether more is better; nil if that is nobody's to say.
    static var rises: Bool? { get }
}

extension MetricFunction {
    public static var rises: Bool? { true }
}

/// A figure reported beside the loss. Keras: `metrics`.
public struct Metric: Sendable {
    package enum Form: Sendable {
        /// `accuracy`: which one is seen by the target's and the output's shapes, or by the loss.
        case accuracy(AccuracyRule)
        /// `crossentropy`, likewise.
        case crossentropy(AccuracyRule, Dialect)
        case function(any MetricFunction)
        case loss(Loss)
    }

    package var form: Form
    /// What it is reported as.
    public var name: String
    /// True if ``name`` holds the output's name already, as tf.keras stores it.
    package var isNamed = false

    package init(_ form: Form, name: String) {
        self.form = form
        self.name = name
    }

    public init(_ function: some MetricFunction) { self.init(.function(function), name: function.names.function) }
    public init(_ loss: Loss) { self.init(.loss(loss), name: loss.name ?? loss.functionName) }
}

/// Which accuracy the word `accuracy` is.
package enum AccuracyRule: Sendable {
    /// tf.keras from TensorFlow 2.2 on and Keras 3: one output is binary; class numbers as targets are sparse; else categorical.
    case byShapes
    /// Keras 2: one output or a binary cross-entropy is binary; a sparse cross-entropy is sparse; else categorical.
    case byLoss

    package enum Kind: Sendable { case binary, sparse, categorical }

    package func kind(target: Shape, output: Shape, loss: Loss?) -> Kind {
        let last = output.dims.last ?? 1
        if last == 1 { return .binary }
        switch self {
        case .byShapes: return target.rank < output.rank || target.dims.last == 1 ? .sparse : .categorical
        case .byLoss:
            if loss?.function is BinaryCrossentropy { return .binary }
            return loss?.function is SparseCategoricalCrossentropy ? .sparse : .categorical
        }
    }
}

extension Metric {
    /// Whether more is better; nil if that is nobody's to say. Keras: `_direction`.
    package var rises: Bool? {
        switch form {
        case .accuracy: true
        case .crossentropy: false
        case .function(let function): type(of: function).rises
        case .loss(let loss): (loss.function as? CosineSimilarity)?.isNegated == false
        }
    }

    /// The function this metric is for targets and outputs of these shapes.
    package func resolved(target: Shape, output: Shape, loss: Loss?) -> Form {
        switch form {
        case .function, .loss: return form
        case .accuracy(let rule):
            switch rule.kind(target: target, output: output, loss: loss) {
            case .binary:
                var binary = BinaryAccuracy()
                binary.rounds = rule == .byLoss
                return .function(binary)
            case .sparse: return .function(SparseCategoricalAccuracy())
            case .categorical: return .function(CategoricalAccuracy())
            }
        case .crossentropy(let rule, let dialect):
            var function: any LossFunction
            switch rule.kind(target: target, output: output, loss: loss) {
            case .binary: function = BinaryCrossentropy()
            case .sparse: function = SparseCategoricalCrossentropy()
            case .categorical: function = CategoricalCrossentropy()
            }
            function.adopt(dialect)
            var made = Loss(function)
            made.readsLogits = dialect != .keras2
            return .loss(made)
        }
    }

    /// A name, or an object with settings.
    ///
    /// - Parameter showsFunctionNames: true for Keras up to 2.2, which reports `acc` and `mean_squared_error` whatever was typed.
    init(config json: JSON, in context: DecodingContext, showsFunctionNames: Bool) throws {
        let named = try NamedFunction(json)
        let rule = context.dialect == .keras2 ? AccuracyRule.byLoss : .byShapes
        switch named.name.lowercased() {
        case "accuracy" where !named.isObject, "acc" where !named.isObject:
            self.init(.accuracy(rule), name: showsFunctionNames ? "acc" : named.name)
        case "crossentropy" where !named.isObject, "ce" where !named.isObject:
            self.init(.crossentropy(rule, context.dialect), name: showsFunctionNames ? "ce" : named.name)
        default:
            self.init(try Metric.form(named, in: context), name: named.name)
            if let own = named.settings["name"]?.string {
                name = own
            } else if showsFunctionNames || named.isObject {
                name = functionName(in: context.dialect)
            }
        }
        isNamed = named.isObject && context.dialect == .tfKeras
    }

    private static func form(_ named: NamedFunction, in context: DecodingContext) throws -> Form {
        if let type = types[named.name] { return .function(try type.decoded(named.settings, in: context)) }
        guard let type = Loss.type(named: named.name) else {
            throw KerasError(.unsupported, "this metric is not known", found: "'\(named.name)'")
        }
        var function: any LossFunction = try type.decoded(named.settings, in: context)
        if var cosine = function as? CosineSimilarity {
            cosine.isNegated = context.dialect == .keras2
            function = cosine
        }
        var loss = Loss(function)
        loss.readsLogits = context.dialect != .keras2
        return .loss(loss)
    }

    private func functionName(in dialect: Dialect) -> String {
        switch form {
        case .accuracy: "accuracy"
        case .crossentropy: "crossentropy"
        case .function(let function): function.names.function(in: dialect)
        case .loss(let loss): loss.function.names.function(in: dialect)
        }
    }

    private static let types: [String: any MetricFunction.Type] = {
        var types: [String: any MetricFunction.Type] = [:]
        for type in knownMetrics {
            for name in type.names.all { types[name] = type }
        }
        return types
    }()
}

extension Metric {
    /// The accuracy that fits the output and its targets.
    public static let accuracy = Metric(.accuracy(.byShapes), name: "accuracy")
    public static let binaryAccuracy = Metric(BinaryAccuracy())
    public static let categoricalAccuracy = Metric(CategoricalAccuracy())
    public static let sparseCategoricalAccuracy = Metric(SparseCategoricalAccuracy())
    public static let topKCategoricalAccuracy = Metric(TopKCategoricalAccuracy())
    public static func topKCategoricalAccuracy(k: Int) -> Metric { Metric(TopKCategoricalAccuracy(k: k)) }
    public static let sparseTopKCategoricalAccuracy = Metric(SparseTopKCategoricalAccuracy())
    public static func sparseTopKCategoricalAccuracy(k: Int) -> Metric { Metric(SparseTopKCategoricalAccuracy(k: k)) }
    public static let auc = Metric(AUC())
    public static func auc(curve: AUC.Curve, summation: AUC.Summation = .interpolation) -> Metric {
        Metric(AUC(curve: curve, summation: summation))
    }
    public static let precision = Metric(Precision())
    public static let recall = Metric(Recall())
    public static let truePositives = Metric(TruePositives())
    public static let falsePositives = Metric(FalsePositives())
    public static let trueNegatives = Metric(TrueNegatives())
    public static let falseNegatives = Metric(FalseNegatives())
    public static func f1Score(average: FBetaScore.Average? = nil, threshold: Double? = nil) -> Metric {
        Metric(F1Score(average: average, threshold: threshold))
    }
    public static func meanIoU(classes: Int) -> Metric { Metric(MeanIoU(classes: classes)) }
    public static let rootMeanSquaredError = Metric(RootMeanSquaredError())
    public static let r2Score = Metric(R2Score())
    public static let meanSquaredError = Metric(Loss.meanSquaredError)
    public static let meanAbsoluteError = Metric(Loss.meanAbsoluteError)
    public static let meanAbsolutePercentageError = Metric(Loss.meanAbsolutePercentageError)
    public static let meanSquaredLogarithmicError = Metric(Loss.meanSquaredLogarithmicError)
    public static let binaryCrossentropy = Metric(Loss.binaryCrossentropy)
    public static let categoricalCrossentropy = Metric(Loss.categoricalCrossentropy)
    public static let sparseCategoricalCrossentropy = Metric(Loss.sparseCategoricalCrossentropy)
    public static let klDivergence = Metric(Loss.klDivergence)
    public static let poisson = Metric(Loss.poisson)
}
