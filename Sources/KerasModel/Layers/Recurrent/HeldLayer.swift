import JSON
import Tensors

/// A layer in another's configuration: `{"class_name": …, "config": …}`.
struct HeldLayer: Sendable {
    var layer: any Layer
    /// What Keras 3 wrote of the shapes it was built for, kept for writing.
    var buildConfig: JSON?

    init(_ layer: any Layer) { self.layer = layer }
}

extension HeldLayer: ConfigValue {
    init(config json: JSON, in context: DecodingContext) throws {
        layer = try context.layer(json)
        buildConfig = json["build_config"]
    }

    func config(in context: EncodingContext) throws -> JSON {
        var words = try context.words(of: layer)
        if context.dialect == .keras3, !context.isUniversal, layer.base.dialect == .keras3, let buildConfig, !buildConfig.isNull {
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
    func words(of layer: any Layer) throws -> JSONObject {
        if let model = layer as? ModelLayer {
            guard let writeModel else {
                throw KerasError(.unsupported, "a model inside a layer is not written here", at: Place(layer: layer.name))
            }
            return try writeModel(model, self)
        }
        // Keras 3 finds the class of a layer inside another by its module alone, and those before it take it or leave it.
        return try object(layer.written, namingModule: isUniversal, config: layer.encoded(in: self)).object ?? [:]
    }
}
