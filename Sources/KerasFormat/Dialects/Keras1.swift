import JSON
import KerasModel
import Tensors

/// Keras 0.x and 1, read by saying them in Keras 2's words: nothing is written in these. The words are tables (``Keras1Words``); what no table of
/// words can say is a rewrite with a name: ``nameless(_:)``, ``shapeOfInput(_:_:)``, ``Keras1Merge``.
///
/// Sources: `keras/models.py`, `keras/engine/topology.py`, `keras/layers` of Keras 1.2.2; `keras/legacy/interfaces.py` of Keras 2.2.4.
struct Keras1 {
    /// The shapes of the weights that a file has under a layer's name: some settings stand nowhere else.
    let storage: (_ layer: String) throws -> [Shape]
    /// Where channels stand in the model's images, for the layers that do not say it.
    private let ordering: String?
    private var counts: [String: Int] = [:]

    /// True for a configuration in these words: by its version, or else by words that no later Keras has.
    static func speaks(_ json: JSON, version: KerasVersion?) -> Bool {
        if let version, version.major >= 3 { return false }
        if version?.major ?? 2 < 2 { return true }
        // Keras 2 before 2.2 still wrote some classes of the first.
        return contains(json) { entry in
            if let name = entry["class_name"]?.string { return Keras1Words.lastingClasses.contains(name) || hasOldWords(entry, version) }
            return version == nil && (entry["custom_name"] != nil || entry["layers"] != nil && entry["name"]?.string == "Sequential")
        }
    }

    private static func hasOldWords(_ entry: JSONObject, _ version: KerasVersion?) -> Bool {
        guard version == nil, let config = entry["config"]?.object else { return false }
        return config.keys.contains(where: Keras1Words.tellingKeys.contains)
    }

    private static func contains(_ json: JSON, _ isWanted: (JSONObject) -> Bool) -> Bool {
        if let object = json.object { return isWanted(object) || object.values.contains { contains($0, isWanted) } }
        return json.array?.contains { contains($0, isWanted) } ?? false
    }

    /// A model's configuration in Keras 2's words.
    ///
    /// - Throws: `unsupported` for what Keras 2 has no words for.
    static func translated(_ json: JSON, storage: @escaping (String) throws -> [Shape] = { _ in [] }) throws -> JSON {
        var reader = Keras1(storage: storage, ordering: ordering(of: json))
        // Before 0.3 a model was one object without classes.
        if let object = json.object, object["class_name"] == nil, let layers = object["layers"] {
            return try reader.model(["class_name": object["name"] ?? "Sequential", "config": layers])
        }
        guard let model = json.object else { return json }
        return try reader.model(model)
    }

    /// The first that a layer gives. Keras before 0.3 had no word for it: channels stood first.
    private static func ordering(of json: JSON) -> String? {
        if let object = json.object {
            if let found = object["dim_ordering"]?.string, Keras1Words.orderings[found] != nil { return found }
            for value in object.values {
                if let found = ordering(of: value) { return found }
            }
        }
        for item in json.array ?? [] {
            if let found = ordering(of: item) { return found }
        }
        return nil
    }

    private init(storage: @escaping (String) throws -> [Shape], ordering: String?) {
        (self.storage, self.ordering) = (storage, ordering)
    }

    // MARK: Models

    mutating func model(_ entry: JSONObject) throws -> JSON {
        var entry = entry
        switch entry["config"] {
        case .array(let layers):
            let list = try chain(layers)
            entry["config"] = Keras1Merge.isMerge(list.first) ? try Keras1Merge.functional(list) : .array(list.map { .object($0) })
            if entry["config"]?.object != nil { entry["class_name"] = "Model" }
        case .object(var config):
            if let layers = config["layers"]?.array {
                config["layers"] = .array(try layers.flatMap { try Keras1Merge.inGraph(try layer($0)) }.map { .object($0) })
                entry["config"] = .object(config)
            }
        default: break
        }
        return .object(entry)
    }

    /// The layers of a Sequential.
    private mutating func chain(_ layers: [JSON]) throws -> [JSONObject] {
        var list: [JSONObject] = []
        for (index, json) in layers.enumerated() {
            var entry = try layer(json)
            if index == 0 { Keras1.shapeOfInput(&entry, json["config"]?.object ?? json.object ?? [:]) }
            list.append(entry)
        }
        return list
    }

    // MARK: Layers

    /// One layer's entry, in a model or in a wrapper.
    private mutating func layer(_ json: JSON) throws -> JSONObject {
        guard var entry = json.object else { return ["class_name": "", "config": json] }
        nameless(&entry)
        guard let kind = entry["class_name"]?.string else { return entry }
        if entry["config"]?.array != nil || entry["config"]?["layers"] != nil, !Keras1Merge.isMerge(entry) {
            return try model(entry).object ?? entry
        }
        guard var config = entry["config"]?.object else { return entry }
        // A layer in a wrapper, and the branches of a Merge.
        if let inner = config["layer"] { config["layer"] = .object(try layer(inner)) }
        if let branches = config["layers"]?.array { config["layers"] = .array(try branches.map { .object(try layer($0)) }) }
        entry["class_name"] = .string(Keras1Words.classes[kind] ?? kind)
        entry["config"] = .object(try KerasError.placing(Place(layer: config["name"]?.string)) { try words(of: config, kind) })
        return entry
    }

    /// Very old entries have no class: it is their name, and their name is a custom one. A name that is not given is made.
    private mutating func nameless(_ entry: inout JSONObject) {
        if entry["class_name"] == nil, let kind = entry["name"]?.string {
            var config = entry
            config["name"] = entry["custom_name"]
            config["custom_name"] = nil
            entry = ["class_name": .string(kind), "config": .object(config)]
        }
        guard let kind = entry["class_name"]?.string, var config = entry["config"]?.object, config["layers"] == nil else { return }
        let word = kind.lowercased()
        counts[word, default: 0] += 1
        guard config["name"]?.string == nil else { return }
        config["name"] = .string("\(word)_\(counts[word]!)")
        entry["config"] = .object(config)
    }

    private func words(of config: JSONObject, _ kind: String) throws -> JSONObject {
        var result = JSONObject()
        let own = Keras1Words.ownKeys[kind] ?? [:]
        let keepsKeys = Keras1Words.keptClasses.contains(kind)
        for (key, value) in config {
            let names = own[key] ?? (keepsKeys ? [key] : Keras1Words.keys[key] ?? [key])
            for name in names { result[name] = try Keras1Words.value(value, of: name, in: kind) }
        }
        // That of a layer is its input's: its weights are floats in any case.
        if kind != InputLayer.className, config["input_dtype"] != nil, result["dtype"] != "float32" { result["dtype"] = nil }
        try Keras1Words.rewrites[kind]?(config, &result)
        if kind.hasSuffix("2D") || kind.hasSuffix("3D"), result["data_format"] == nil {
            // Convolutions without the word are from before 0.3.
            let word = ordering ?? (config["nb_filter"] != nil ? "th" : nil)
            result["data_format"] = word.flatMap { Keras1Words.orderings[$0] }.map(JSON.string)
        }
        // Which axes share a slope stands nowhere; those along which there is one value, do.
        if own["init"] == ["alpha_initializer"], let shape = try config["name"]?.string.flatMap({ try storage($0).first }) {
            let shared = shape.dims.indices.filter { shape[$0] == 1 }
            if !shared.isEmpty, result["shared_axes"] == nil { result["shared_axes"] = .array(shared.map { .integer($0 + 1) }) }
        }
        return result
    }

    /// A first layer without `batch_input_shape` says the shape in older words.
    private static func shapeOfInput(_ entry: inout JSONObject, _ words: JSONObject) {
        guard var config = entry["config"]?.object, config["batch_input_shape"] == nil, config["layers"] == nil else { return }
        let length = words["input_length"]
        let isSequence = words.contains("input_length") && words["output_dim"] != nil || words["filter_length"] != nil
        if let shape = words["input_shape"]?.array {
            config["batch_input_shape"] = .array([.null] + shape)
        } else if words["input_dim"]?.integer != nil, config["embeddings_initializer"] != nil {
            config["batch_input_shape"] = [.null, length ?? .null]
        } else if let features = words["input_dim"], features.integer != nil {
            config["batch_input_shape"] = isSequence ? [.null, length ?? .null, features] : [.null, features]
        }
        entry["config"] = .object(config)
    }
}
