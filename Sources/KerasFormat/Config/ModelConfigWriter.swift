import JSON
import KerasModel
import Tensors

/// Writes a model's configuration in a dialect, as its `to_json` does.
package struct ModelConfigWriter {
    private let model: BuiltModel?
    private let dialect: Dialect
    private var context: EncodingContext { EncodingContext(dialect: dialect) }
    private var rules: any DialectRules.Type { dialect.rules }

    /// Everything `to_json` writes: the model and which Keras it is for.
    ///
    /// - Parameter built: gives the shapes Keras 3 writes beside each tensor; without it they are left open.
    /// - Throws: `unsupported` problems, one for each value the dialect has no word for.
    package static func json(_ root: ModelLayer, built: BuiltModel?, dialect: Dialect) throws -> JSON {
        let writer = ModelConfigWriter(model: built, dialect: dialect)
        var top = try writer.entry(root)
        switch dialect {
        case .keras3:
            top["build_config"] = ["input_shape": nil]
            top["compile_config"] = [:]
        case .tfKeras:
            top["keras_version"] = "2.21.0"
            top["backend"] = "tensorflow"
        case .keras2:
            top["keras_version"] = "2.2.4"
            top["backend"] = "tensorflow"
        }
        return .object(top)
    }

    private func entry(_ layer: any Layer) throws -> JSONObject {
        guard let model = layer as? ModelLayer else {
            return rules.wrap(className: type(of: layer).className, module: "keras.layers", config: try layer.encoded(in: context))
        }
        switch model.architecture.kind {
        case .sequential: return rules.wrap(className: "Sequential", module: "keras", config: try sequential(model))
        case .functional:
            let className = dialect == .keras2 ? "Model" : "Functional"
            var entry = rules.wrap(className: className, module: "keras.src.models.functional", config: try functional(model))
            if dialect == .keras3 { entry["registered_name"] = "Functional" }
            return entry
        }
    }

    private func header(_ model: ModelLayer) -> JSONObject {
        var config: JSONObject = ["name": .string(model.name)]
        if dialect == .keras3 { config["trainable"] = .bool(model.base.trainable) }
        return config
    }

    private func sequential(_ model: ModelLayer) throws -> JSONObject {
        var config = header(model)
        if dialect == .keras3 { config["dtype"] = model.base.dtype.config(in: context) }
        var layers = model.architecture.layers
        var entries: [JSON] = []
        if let input = model.architecture.sequentialInput {
            if dialect != .keras2 {
                entries.append(.object(try entry(input)))
            } else if !layers.isEmpty, !(layers[0] is ModelLayer) {
                // Keras 2 has no input layer here: the shape stands on the first real one.
                layers[0].base.batchShape = input.batchShape
            }
        }
        var problems = ProblemList()
        entries += layers.compactMap { layer in problems.attempt { .object(try entry(layer)) } }
        try problems.throwIfAny()
        config["layers"] = .array(entries)
        if dialect != .keras2, let shape = model.architecture.sequentialInput?.batchShape {
            config["build_input_shape"] = shape.config(in: context)
        }
        return restoreUnknown(config, model)
    }

    private func functional(_ model: ModelLayer) throws -> JSONObject {
        var config = header(model)
        let architecture = model.architecture
        var problems = ProblemList()
        let entries = architecture.layers.compactMap { layer in
            problems.attempt { () throws -> JSON in
                var object = try entry(layer)
                object["name"] = .string(layer.name)
                let calls = layer is InputLayer ? [] : architecture.calls[layer.id] ?? []
                object["inbound_nodes"] = .array(
                    try calls.map { call in try rules.writeCall(call) { try named($0, in: architecture, at: .inboundNodes) } })
                return .object(object)
            }
        }
        try problems.throwIfAny()
        config["layers"] = .array(entries)
        for (key, ends) in [("input_layers", architecture.inputs), ("output_layers", architecture.outputs)] {
            config[key] = rules.writeEnds(try ends.map { .array(try named($0, in: architecture, at: .ends).triple) })
        }
        return restoreUnknown(config, model)
    }

    private func named(_ reference: TensorRef, in architecture: Architecture, at place: ReferencePlace) throws -> NamedTensor {
        guard let layer = architecture.layer(reference.layer) else {
            throw KerasError(.malformed, "a call takes a tensor of a layer that is not in the model", at: Place(layer: architecture.name))
        }
        let offset = (layer as? ModelLayer).map { rules.offset(ofNested: $0.architecture.kind, at: place) } ?? 0
        let shape = model?.outputShapes(of: reference).dropFirst(reference.output).first
        return NamedTensor(
            layer: layer.name, node: reference.call + offset, tensor: reference.output, shape: shape ?? layer.base.batchShape ?? [],
            dtype: layer.base.dtype.compute)
    }

    private func restoreUnknown(_ config: JSONObject, _ model: ModelLayer) -> JSONObject {
        guard model.architecture.dialect == dialect else { return config }
        var config = config
        for (key, value) in model.architecture.unknownKeys { config[key] = value }
        return config
    }
}
