import JSON
import Tensors

/// What a layer's settings mean, in words that do not hang on the dialect its file was written in: what two layers are compared by.
struct LayerMeaning {
    /// The value of each key by Keras 3's name, in Keras's order.
    private(set) var values: [(key: String, value: JSON)] = []
    private var positions: [String: Int] = [:]

    init(_ layer: any Layer) {
        func addKeys<L: Layer>(_ layer: L) {
            for key in L.commonKeys + L.keys where key.name != "name" { add(key.name, LayerMeaning.value(key, of: layer)) }
        }
        if let model = layer as? ModelLayer {
            add("trainable", .bool(model.base.trainable))
        } else {
            addKeys(layer)
        }
        // An input's shape is compared at the input.
        if !(layer is InputLayer) { remove("batch_shape") }
    }

    subscript(key: String) -> JSON? { positions[key].map { values[$0].value } }

    private mutating func add(_ key: String, _ value: JSON) {
        guard positions[key] == nil else { return }
        positions[key] = values.count
        values.append((key, value))
    }

    private mutating func remove(_ key: String) {
        guard positions[key] != nil else { return }
        values.removeAll { $0.key == key }
        positions = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1.key, $0) })
    }

    /// In the newest words there are. A word that an older Keras has for another meaning than Keras 3's says whose it is.
    private static func value<L: Layer>(_ key: ConfigKey<L>, of layer: L) -> JSON {
        for dialect in [Dialect.keras3, .tfKeras, .keras2] where key.dialects.contains(dialect) {
            guard let json = try? key.encode(layer, EncodingContext(dialect: dialect)) else { continue }
            let value = canonical(json)
            let isNewest = dialect == .keras3 || !key.dialects.contains(.keras3)
            return isNewest ? value : ["meaning": .string(dialect.rawValue), "value": value]
        }
        return .null
    }

    /// The same value in one of the ways it can be spelled: numbers as float32 holds them, nothing for null, no module names, and for what
    /// several classes can say the plainest.
    static func canonical(_ json: JSON) -> JSON {
        switch json {
        case .float(let value):
            let single = Double(Float(value))
            return Int(exactly: single).map(JSON.integer) ?? .float(single)
        case .array(let items): return .array(items.map(canonical))
        case .object(let object):
            var result = JSONObject()
            for (key, value) in object where !value.isNull && !["module", "registered_name", "build_config"].contains(key) {
                result[key] = canonical(value)
            }
            return plain(result)
        default: return json
        }
    }

    /// An initializer or regularizer that a class of its own says too, as older Kerases wrote it.
    private static func plain(_ object: JSONObject) -> JSON {
        guard let name = object["class_name"]?.string, var config = object["config"]?.object else { return .object(object) }
        var className = name
        if Initializer.aliases.values.contains(name) {
            // TensorFlow 1 wrote the weight's type there too.
            config["dtype"] = nil
            if let (known, _) = varianceScalings.first(where: { name == "VarianceScaling" && $0.1 == scaling(config) }) {
                className = known
                for key in ["scale", "mode", "distribution"] { config[key] = nil }
            }
        } else if Regularizer.aliases.values.contains(name) {
            for key in ["l1", "l2"] where config[key] == 0 { config[key] = nil }
            if className == "L1L2", config.count == 1 { className = config.contains("l1") ? "L1" : "L2" }
        }
        return ["class_name": .string(className), "config": .object(config)]
    }

    private static func scaling(_ config: JSONObject) -> JSONObject {
        let normal = config["distribution"] == "normal"
        return [
            "scale": config["scale", default: 1], "mode": config["mode", default: "fan_in"],
            "distribution": normal ? "truncated_normal" : config["distribution", default: "truncated_normal"],
        ]
    }

    private static let varianceScalings: [(String, JSONObject)] = [("Glorot", "fan_avg", 1), ("He", "fan_in", 2), ("Lecun", "fan_in", 1)]
        .flatMap { (name: String, mode: String, scale: Int) in
            [("Uniform", "uniform"), ("Normal", "truncated_normal")].map { (ending: String, distribution: String) in
                (name + ending, ["scale": .integer(scale), "mode": .string(mode), "distribution": .string(distribution)])
            }
        }

    /// A value as a reader wants to see it: `L2(l2=0.01)`, `[3, 3]`, `"relu"`.
    static func words(_ json: JSON) -> String {
        if let meaning = json["meaning"]?.string, let value = json["value"] { return words(value) + " (\(meaning)'s)" }
        if let name = json["class_name"]?.string, let config = json["config"]?.object {
            return "\(name)(" + config.map { "\($0.key)=\(words($0.value))" }.joined(separator: ", ") + ")"
        }
        if json.isNull { return "none" }
        if let lengths = json.array, lengths.contains(where: \.isNull) { return SymbolicShape(lengths.map(\.integer)).description }
        return json.serialized()
    }
}
