import JSON
import Tensors

/// A layer in another's configuration: `{"class_name": …, "config": …}`.
struct HeldLayer: Sendable {
    var layer: any Layer
    /// What Keras 3 wrote of the shapes it was built for, kept where they are not known.
    var buildConfig: JSON?

    init(_ layer: any Layer) { self.layer = layer }
}

extension HeldLayer: ConfigValue {
    init(config json: JSON, in context: DecodingContext) throws {
        layer = try context.layer(json)
        buildConfig = json["build_config"]
    }

    func config(in context: EncodingContext) throws -> JSON {
        let rank = context.dialect == .tfKeras && !context.isUniversal ? context.heldInputs[layer.id]?.first?.rank : nil
        var words = try context.words(of: rank.map(layer.settled) ?? layer)
        if let build = context.build(of: layer) {
            words["build_config"] = build
        } else if context.dialect == .keras3, !context.isUniversal, layer.base.dialect == .keras3, let buildConfig, !buildConfig.isNull {
            words["build_config"] = buildConfig
        }
        return .object(words)
    }
}

extension DecodingContext {
    /// The layer that such words name. A model among them is read by whoever reads the file.
    ///
    /// - Throws: `unsupported` for a class that is not known.
    func layer(_ json: JSON) throws -> any Layer {
        guard let name = json["class_name"]?.string else {
            throw KerasError.unexpected(json, expected: "a layer: an object with 'class_name' and 'config'")
        }
        if let readModel, let model = try readModel(json, self) { return model }
        guard let type = registry[name] else {
            throw KerasError(.unsupported, "this kind of layer is not supported", found: "'\(name)'")
        }
        guard let config = json["config"]?.object else { throw KerasError.unexpected(json, expected: "a layer's configuration") }
        return try type.decoded(config, in: self)
    }
}

extension EncodingContext {
    /// What stands beside the configuration of a layer within another: the shape it was built for. Nil where nothing does.
    fileprivate func build(of layer: any Layer) -> JSON? {
        guard namesModules, !isUniversal, let inputs = heldInputs[layer.id] else { return nil }
        // A model's words say that themselves in Keras 3.
        if dialect == .keras3, layer is ModelLayer || !type(of: layer).writesInputShape { return nil }
        // tf.keras's global pooling forgets to note it.
        if dialect == .tfKeras, layer is any GlobalPoolingLayer { return nil }
        let shapes = inputs.map { $0.config(in: self) }
        return ["input_shape": shapes.count == 1 ? shapes[0] : .array(shapes)]
    }

    func words(of layer: any Layer) throws -> JSONObject {
        if let model = layer as? ModelLayer {
            guard let writeModel else {
                throw KerasError(.unsupported, "a model inside a layer is not written here", at: Place(layer: layer.name))
            }
            var words = try writeModel(model, self)
            // Found by their modules here too, in every Keras.
            if isUniversal { (words["module"], words["registered_name"]) = ("keras", .null) }
            return words
        }
        // Keras 3 finds the class of a layer inside another by its module alone, and those before it take it or leave it.
        return try object(layer.written, namingModule: isUniversal, config: layer.encoded(in: self)).object ?? [:]
    }
}
