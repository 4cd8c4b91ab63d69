import HDF5
import Keras
import KerasFormat

/// What a file says of itself in Keras's words, whether or not this version can run it.
struct ModelFacts {
    private(set) var lines: [(label: String, text: String)] = []
    private var object = JSONObject()

    var json: JSON { .object(object) }

    init() {}

    /// - Throws: problems of the attributes that say it.
    init(_ root: HDF5Group) throws {
        let weights = try root.contains("model_weights") ? root.group("model_weights") : nil
        if let config = try root.attribute("model_config")?.string() {
            add(architecture: try KerasError.placing(Place(object: "/@model_config")) { try JSON(parsing: config) })
        } else if try root.attribute("layer_names") != nil || root.attribute("layer_names0") != nil {
            add("kind", "kind", "the weights of a model, without the model")
        } else if try PathVariables.isLayout(of: root) {
            add("kind", "kind", "the weights of a model by path, without the model")
        }
        let version = try root.attribute("keras_version")?.string() ?? weights?.attribute("keras_version")?.string()
        add(version: version, backend: try root.attribute("backend")?.string() ?? weights?.attribute("backend")?.string())
        if let training = try root.attribute("training_config")?.string() {
            add(training: try KerasError.placing(Place(object: "/@training_config")) { try JSON(parsing: training) })
        }
        guard try root.contains("optimizer_weights") else { return }
        let state = try root.group("optimizer_weights")
        let names = try state.stringList("weight_names")
        let count = try names.reduce(0) { $0 + (try state.dataset($1).shape.count) }
        add("state", "optimizer_state", "\(Numbers.counted(names.count, "optimizer variable")), \(Numbers.counted(count, "number"))")
    }

    /// Architecture as JSON or YAML, a file of its own.
    static func report(_ json: JSON, bytes: Int, format: String = "JSON") -> FileReport {
        var facts = ModelFacts()
        facts.add(architecture: json)
        facts.add(version: json["keras_version"]?.string, backend: json["backend"]?.string)
        facts.add(training: json["compile_config"] ?? nil)
        var table = TextTable([("layer", .left), ("class", .left)])
        let layers = ModelFacts.layers(of: json)
        for layer in layers {
            let name = layer["config"]?["name"]?.string ?? layer["name"]?.string ?? ""
            table.add([Terminal.visible(name), Terminal.visible(layer["class_name"]?.string ?? "")])
        }
        let text = ModelFacts.lines(facts.lines) + (layers.isEmpty ? "" : "\n" + table.text())
        return FileReport(format: format, bytes: bytes, text: text, json: ["keras": facts.json])
    }

    mutating func add(architecture json: JSON) {
        let kind = json["class_name"]?.string ?? "unknown"
        let name = json["config"]?["name"]?.string
        let count = ModelFacts.layers(of: json).count
        object["class_name"] = .string(kind)
        object["name"] = name.map(JSON.string) ?? .null
        object["layers"] = .integer(count)
        lines.append(("model", Terminal.visible("\(kind)\(name.map { " \"\($0)\"" } ?? ""), \(Numbers.counted(count, "layer"))")))
    }

    mutating func add(version: String?, backend: String?) {
        object["keras_version"] = version.map(JSON.string) ?? .null
        object["backend"] = backend.map(JSON.string) ?? .null
        guard version != nil || backend != nil else { return }
        let writer = version.map { "Keras \($0)" } ?? "an unknown Keras"
        lines.append(("written", Terminal.visible("by \(writer)\(backend.map { " on \($0)" } ?? "")")))
    }

    mutating func add(training json: JSON) {
        guard json.object?.isEmpty == false else { return }
        let optimizer = json["optimizer_config"] ?? json["optimizer"] ?? nil
        object["optimizer"] = optimizer
        object["loss"] = json["loss"] ?? nil
        object["metrics"] = json["metrics"] ?? nil
        var parts: [String] = []
        if let name = optimizer["class_name"]?.string ?? optimizer.string {
            let rate = (optimizer["config"]?["learning_rate"] ?? optimizer["config"]?["lr"])?.number
            // TensorFlow's mark of a class that is registered by name.
            parts.append(String(name.split(separator: ">").last ?? "") + (rate.map { " at \(Numbers.short($0))" } ?? ""))
        }
        if let loss = json["loss"], !loss.isNull { parts.append("loss " + ModelFacts.names(loss)) }
        if let metrics = json["metrics"], !ModelFacts.names(metrics).isEmpty { parts.append("metrics " + ModelFacts.names(metrics)) }
        lines.append(("compiled", Terminal.visible(parts.joined(separator: ", "))))
    }

    private mutating func add(_ label: String, _ key: String, _ text: String) {
        lines.append((label, text))
        object[key] = .string(text)
    }

    /// The names of losses or metrics in whatever form Python wrote them.
    private static func names(_ json: JSON) -> String {
        if let text = json.string { return text }
        if let items = json.array { return items.map(names).filter { !$0.isEmpty }.joined(separator: ", ") }
        if let config = json["config"], let kind = json["class_name"]?.string { return config["name"]?.string ?? config.string ?? kind }
        return json.object?.map { "\($0.key): \(names($0.value))" }.joined(separator: ", ") ?? ""
    }

    private static func layers(of json: JSON) -> [JSON] { json["config"]?["layers"]?.array ?? json["config"]?.array ?? [] }

    /// `  label     text`, a line each.
    static func lines(_ lines: [(label: String, text: String)]) -> String {
        let width = lines.map(\.label.count).max() ?? 0
        return lines.reduce(into: "") { text, line in
            text += "  \(line.label)\(String(repeating: " ", count: width - line.label.count))  \(line.text)\n"
        }
    }
}
