import JSON
import Tensors

/// The output that a metric of a file is about.
package struct MetricPlace: Sendable {
    /// nil where the model has one output alone, whose metrics are called by their own names.
    package var output: String?
    package var shape: SymbolicShape
    package var loss: Loss?

    package init(output: String?, shape: SymbolicShape, loss: Loss?) {
        (self.output, self.shape, self.loss) = (output, shape, loss)
    }
}

extension Metric {
    /// A metric of `training_config` in another Keras's words: its name, or, where that does not say it all, its class with settings.
    ///
    /// tf_keras makes the metrics of an `.h5` while it has no targets to look at: it takes `accuracy` for the categorical one, and gives the
    /// metrics of several outputs the same name. What it is to read so is written as a class under the name it is reported by.
    ///
    /// - Parameters:
    ///   - place: nil where it is not known.
    ///   - isStored: true for the `training_config` of an `.h5`.
    /// - Throws: `unsupported` for metrics that this version or the target lacks.
    package static func translated(
        _ json: JSON, from source: Dialect, to context: EncodingContext, at place: MetricPlace? = nil, isStored: Bool = false
    ) throws -> JSON {
        var metric = try Metric(config: json, in: DecodingContext(dialect: source, registry: .keras), showsFunctionNames: false)
        guard let place else { return try metric.config(in: context) }
        if metric.isNamed, let output = place.output, metric.name.hasPrefix(output + "_") { metric.name.removeFirst(output.count + 1) }
        guard isStored, context.readers.contains(.tfKeras) else {
            return try metric.hangsOnDialect(at: place, in: context) ? metric.asClass(at: place, in: context) : metric.config(in: context)
        }
        if place.output != nil { return try metric.asClass(at: place, in: context) }
        // Which function a word that is no function's name stands for, the readers would have to guess. Of some there is a class alone.
        let words = try metric.config(in: context)
        return ["accuracy", "acc", "crossentropy"].contains(words) || metric.isClassAlone
            ? try metric.asClass(at: place, in: context) : words
    }

    /// Whether tf.keras has no function of this metric.
    private var isClassAlone: Bool {
        guard case .function(let function) = form else { return false }
        return function is ExactAccuracy || !function.names.function.hasSuffix("_accuracy")
    }

    /// Whether its readers would take it for another than those it comes from.
    private func hangsOnDialect(at place: MetricPlace, in context: EncodingContext) -> Bool {
        switch form {
        // No metric of Keras 3.
        case .crossentropy: return context.dialect == .keras3
        case .accuracy(.byLoss):
            guard context.dialect != .keras2, case .function(let meant) = resolved(at: place) else { return false }
            var other = self
            other.form = .accuracy(.byShapes)
            guard case .function(let taken) = other.resolved(at: place) else { return false }
            return type(of: meant) != type(of: taken)
        case .accuracy, .function, .loss: return false
        }
    }

    private func resolved(at place: MetricPlace) -> Form {
        let output = place.shape.dims.map { $0 ?? 2 }
        let isSparse = place.loss?.function is SparseCategoricalCrossentropy
        let target = isSparse ? output.dropLast() + [1] : output
        guard let output = try? Shape(checking: output), let target = try? Shape(checking: target) else { return form }
        return resolved(target: target, output: output, loss: place.loss)
    }

    /// The class of the function it is here, under the name it is reported by.
    private func asClass(at place: MetricPlace, in context: EncodingContext) throws -> JSON {
        let dialect = context.isUniversal ? Dialect.keras3 : context.dialect
        let className: String
        var settings: JSONObject = ["name": .string((place.output.map { $0 + "_" } ?? "") + name), "dtype": "float32"]
        switch resolved(at: place) {
        case .function(let function):
            try function.names.check(in: dialect)
            className = function.names.className
            for (key, value) in try function.settings(in: EncodingContext(dialect: dialect)) { settings[key] = value }
        case .loss(let loss) where loss.function.isPlain && Metric.classesOfLosses.contains(loss.function.names.className):
            className = loss.function.names.className == "LogCosh" ? "LogCoshError" : loss.function.names.className
        case .loss, .accuracy, .crossentropy: return try config(in: context)
        }
        return Metric.words(className, settings, in: context)
    }

    /// The losses of which every Keras has a metric's class too.
    private static let classesOfLosses: Set<String> = [
        "MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "LogCosh",
        "CosineSimilarity",
        "CategoricalCrossentropy", "SparseCategoricalCrossentropy", "BinaryCrossentropy", "KLDivergence", "Poisson", "Hinge",
        "SquaredHinge",
        "CategoricalHinge",
    ]

    /// Its name, or, where that does not say it all, its class with settings.
    ///
    /// - Throws: `unsupported` for metrics that the target lacks.
    package func config(in context: EncodingContext) throws -> JSON {
        // Keras 3's names are known to every tf.keras, those of older ones not to Keras 3.
        let dialect = context.isUniversal ? Dialect.keras3 : context.dialect
        switch form {
        case .accuracy: return .string(name == "acc" ? "acc" : "accuracy")
        case .crossentropy: return "crossentropy"
        case .loss(let loss):
            try loss.function.names.check(in: dialect)
            guard loss.function.isPlain else {
                throw KerasError(.unsupported, "this metric cannot be said for another Keras", found: loss.function.names.className)
            }
            return .string(loss.function.names.function(in: dialect))
        case .function(let function):
            let isAccuracy = function is BinaryAccuracy || function is CategoricalAccuracy || function is SparseCategoricalAccuracy
            // tf.keras writes which one `accuracy` came to, under the name it was given and perhaps the output's.
            if isAccuracy, isNamed, name == "accuracy" || name == "acc" { return .string(name) }
            if isAccuracy, isNamed, name.hasSuffix("_accuracy"), !function.names.all.contains(name) {
                return "accuracy"
            }
            try function.names.check(in: dialect)
            if function.isPlain { return .string(function.names.function(in: dialect)) }
            guard dialect != .keras2 else {
                throw KerasError(.unsupported, "Keras 2 has no metrics with settings", found: function.names.className)
            }
            var settings: JSONObject = ["name": .string(name), "dtype": "float32"]
            for (key, value) in try function.settings(in: EncodingContext(dialect: dialect)) { settings[key] = value }
            return Metric.words(function.names.className, settings, in: context)
        }
    }

    /// An `.h5` of Keras 3 has classes without their modules, and a `.keras` is not read so.
    private static func words(_ className: String, _ settings: JSONObject, in context: EncodingContext) -> JSON {
        context.object(WrittenClass(className, module: "keras.metrics"), config: settings)
    }
}
