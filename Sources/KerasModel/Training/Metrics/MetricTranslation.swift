import JSON
import Tensors

extension Metric {
    /// A metric of `training_config` in another Keras's words: its name, or, where that does not say it all, its class with settings.
    ///
    /// - Throws: `unsupported` for metrics that this version or the target lacks.
    package static func translated(_ json: JSON, from source: Dialect, to context: EncodingContext) throws -> JSON {
        try Metric(config: json, in: DecodingContext(dialect: source, registry: .keras), showsFunctionNames: false).config(in: context)
    }

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
            return ["class_name": .string(function.names.className), "config": .object(settings)]
        }
    }
}
