import JSON
import Tensors

extension Layer {
    /// Reads a layer's configuration. What it does not know is kept in `base.unknownKeys`.
    ///
    /// - Throws: every problem of the configuration at once, each with its key.
    package static func decoded(_ config: JSONObject, in context: DecodingContext) throws -> Self {
        var problems = ProblemList()
        var rest = config
        var layer = blank
        layer.base = LayerBase()
        layer.base.dialect = context.dialect
        layer.base.addsBiasAsTensorFlow = context.addsBiasAsTensorFlow
        for key in commonKeys + keys {
            guard let name = key.allNames.first(where: { rest.contains($0) }), let value = rest.removeValue(forKey: name) else {
                if key.isRequired {
                    problems.add(Problem(kind: .malformed, sentence: "a configuration lacks a key", place: Place(key: key.name)))
                }
                key.absent(context.dialect, &layer)
                continue
            }
            problems.attempt(at: Place(key: name)) { try key.decode(value, context, &layer) }
        }
        layer.base.unknownKeys = layer.adopt(rest)
        try problems.throwIfAny()
        return layer
    }

    /// Writes the configuration as Keras of this dialect does. Unknown keys return to the dialect they came from.
    ///
    /// - Throws: `unsupported`, with the key, where the dialect has no word for a value.
    package func encoded(in context: EncodingContext) throws -> JSONObject {
        for reader in context.readers where !Self.dialects.contains(reader) {
            throw KerasError(.unsupported, "\(reader.rawValue) has no such layer", at: Place(layer: name), found: Self.className)
        }
        let shared = context.isUniversal ? sharedKeys : []
        let all = Self.commonKeys + Self.keys
        var config = JSONObject()
        for key in all {
            if context.isUniversal && !shared.contains(key.name) {
                if key.isNeeded(self) {
                    try context.leaveOut(
                        KerasError(
                            .unsupported, "not every Keras has this key", at: Place(layer: name, key: key.name),
                            expected: "a model for one Keras alone"))
                }
                continue
            }
            guard key.dialects.contains(context.dialect) else {
                if key.isNeeded(self) {
                    try context.leaveOut(
                        KerasError(.unsupported, "\(context.dialect.rawValue) has no such key", at: Place(layer: name, key: key.name)))
                }
                continue
            }
            guard key.isWritten(self, context) else { continue }
            let value = try KerasError.placing(Place(layer: name, key: key.name)) {
                // What Keras 3 has no word for, though it reads tf.keras's, would mean something else to it.
                if context.isUniversal, let other = all.first(where: { $0.name == key.name && $0.dialects.contains(.keras3) }) {
                    var newest = EncodingContext(target: .keras3, isHDF5: true)
                    newest.writeModel = context.writeModel
                    _ = try other.encode(self, newest)
                }
                return try key.encode(self, context)
            }
            config[key.name(in: context.dialect)] = value
        }
        for (key, value) in adopted { config[key] = value }
        if base.dialect == context.dialect && !context.isUniversal {
            for (key, value) in base.unknownKeys { config[key] = value }
        }
        return config
    }

    /// The keys that every Keras which has this layer reads: those written in each dialect, by the name tf.keras gives them. What Keras 2 alone
    /// lacks counts where the layer would be another without it.
    private var sharedKeys: Set<String> {
        func written(_ dialect: Dialect, orNeeded: Bool = false) -> Set<String> {
            let context = EncodingContext(dialect: dialect)
            let keys = (Self.commonKeys + Self.keys).filter { key in
                (key.dialects.contains(dialect) || key.isTakenByKeras3) && key.isWritten(self, context) || orNeeded && key.isNeeded(self)
            }
            return Set(keys.map(\.name))
        }
        // On a layer in the middle of a model only Keras 3 leaves it out, and takes it where it is.
        var keys = written(.keras3).union(["dtype"]).intersection(written(.tfKeras).union(["batch_shape"]))
        if Self.dialects.contains(.keras2) { keys.formIntersection(written(.keras2, orNeeded: true).union(["dtype"])) }
        return keys
    }
}

extension Layer {
    /// The keys of every layer.
    public static var commonKeys: [ConfigKey<Self>] {
        // Made anew for each layer that is read or written, and a key path of a generic type is slow to make: one in place of five.
        let base: WritableKeyPath<Self, LayerBase> & Sendable = \.base
        return LayerBase.keys.map { $0.at(base) }
    }
}

extension LayerBase {
    /// An input's shape stands on the first layer before Keras 3, on an InputLayer since.
    fileprivate static let keys: [ConfigKey<LayerBase>] = [
        .key("name", \.name),
        .key("trainable", \.trainable),
        .key("dtype", \.dtype, in: [.tfKeras, .keras3]),
        .key("batch_shape", \.batchShape, names: [.keras2: "batch_input_shape", .tfKeras: "batch_input_shape"], in: Dialect.older)
            .written { base, _ in base.batchShape != nil },
        // After the shape until TensorFlow 2.4, before it since; once read, the key is gone for the second.
        .key("dtype", \.dtype, in: [.keras2]).written { base, _ in base.batchShape != nil || base.dtype != .float32 },
    ]
}
