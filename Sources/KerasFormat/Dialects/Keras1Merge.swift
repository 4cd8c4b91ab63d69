import JSON
import KerasModel
import Tensors

/// Keras 1's Merge: one class for what are several layers since, which could also begin a Sequential and hold the models before it.
enum Keras1Merge {
    static let className = "Merge"

    /// The layer of each way to merge.
    private static let classes = [
        "sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "min": "Minimum", "concat": "Concatenate", "dot": "Dot",
    ]

    static func isMerge(_ entry: JSONObject?) -> Bool { entry?["class_name"]?.string == className }

    /// An entry of a graph's layers, which becomes two where it is a cosine.
    ///
    /// - Throws: `unsupported` if it merges by code.
    static func inGraph(_ entry: JSONObject) throws -> [JSONObject] {
        guard isMerge(entry), let config = entry["config"]?.object else { return [entry] }
        let name = entry["name"]?.string ?? config["name"]?.string ?? "merge"
        let mode = config["mode"]?.string ?? "sum"
        func layer(_ kind: String, _ name: String, _ settings: JSONObject, _ calls: JSON) -> JSONObject {
            var words: JSONObject = ["name": .string(name), "trainable": true]
            for (key, value) in settings { words[key] = value }
            return ["class_name": .string(kind), "config": .object(words), "name": .string(name), "inbound_nodes": calls]
        }
        let calls = entry["inbound_nodes"] ?? []
        guard config["mode_type"]?.string ?? "raw" == "raw" else {
            throw KerasError(
                .unsupported, "a layer merges by code of its own, which is not run", at: Place(layer: name, key: "mode"),
                found: config["mode_type"]?.string)
        }
        switch mode {
        case "concat": return [layer(classes[mode]!, name, ["axis": config["concat_axis"] ?? -1], calls)]
        case "dot": return [layer(classes[mode]!, name, ["axes": config["dot_axes"] ?? -1, "normalize": false], calls)]
        case "cos":
            // With an axis more than Dot gives.
            let dot = layer(classes["dot"]!, name + "_dot", ["axes": config["dot_axes"] ?? -1, "normalize": true], calls)
            return [dot, layer("RepeatVector", name, ["n": 1], [[[.string(name + "_dot"), 0, 0]]])]
        default:
            guard let kind = classes[mode] else {
                throw KerasError(
                    .unsupported, "this way to merge is not known", at: Place(layer: name, key: "mode"), found: "'\(mode)'",
                    expected: (classes.keys + ["cos"]).sorted().joined(separator: ", "))
            }
            return [layer(kind, name, [:], calls)]
        }
    }

    // MARK: A Merge that begins a Sequential

    /// The configuration of the graph that such a Sequential is: the layers of each branch, then the merging one and what follows. Files have
    /// the weights in this order too (`Sequential.flattened_layers`).
    ///
    /// - Parameter chain: its layers, in Keras 2's words but for the merging ones.
    static func functional(_ chain: [JSONObject]) throws -> JSON {
        var graph = Graph()
        let end = try graph.add(chain: chain)
        return [
            "name": "model_1", "layers": .array(graph.layers.map { .object($0) }), "input_layers": .array(graph.inputs),
            "output_layers": [end],
        ]
    }

    /// Layers and the calls between them, as they are gathered.
    private struct Graph {
        var layers: [JSONObject] = []
        var inputs: [JSON] = []
        private var names: Set<String> = []

        private mutating func add(_ entry: JSONObject) {
            // A branch that is merged with itself stands there once.
            if let name = entry["name"]?.string, names.insert(name).inserted { layers.append(entry) }
        }

        /// - Returns: the reference to what the last layer gives.
        mutating func add(chain: [JSONObject]) throws -> JSON {
            var last: JSON?
            for entry in chain {
                var entry = entry
                let name = entry["config"]?["name"]?.string ?? ""
                entry["name"] = .string(name)
                if isMerge(entry) {
                    guard last == nil, let branches = entry["config"]?["layers"]?.array else {
                        throw KerasError(.malformed, "a Merge in a chain has no branches", at: Place(layer: name))
                    }
                    let ends = try branches.map { try add(branch: $0.object ?? [:]) }
                    entry["inbound_nodes"] = [.array(ends)]
                    for layer in try inGraph(entry) { add(layer) }
                } else {
                    if last == nil { last = try addInput(of: entry, name) }
                    entry["inbound_nodes"] = [[last ?? .null]]
                    add(entry)
                }
                last = [.string(name), 0, 0]
            }
            guard let last else { throw KerasError(.malformed, "a Sequential has no layers") }
            return last
        }

        private mutating func add(branch: JSONObject) throws -> JSON {
            let config = branch["config"] ?? .null
            if let layers = config.array { return try add(chain: layers.compactMap(\.object)) }
            guard let layers = config["layers"]?.array, !isMerge(branch) else { return try add(chain: [branch]) }
            for layer in layers { if let entry = layer.object { add(entry) } }
            for input in config["input_layers"]?.array ?? [] where !inputs.contains(input) { inputs.append(input) }
            guard let end = config["output_layers"]?[0] else {
                throw KerasError(.malformed, "a branch of a Merge has no output", at: Place(layer: config["name"]?.string))
            }
            return end
        }

        private mutating func addInput(of entry: JSONObject, _ name: String) throws -> JSON {
            guard let shape = entry["config"]?["batch_input_shape"] else {
                throw KerasError(.malformed, "a branch of a Merge does not say its input's shape", at: Place(layer: name))
            }
            let input = JSON.string(name + "_input")
            let words: JSONObject = [
                "batch_input_shape": shape, "dtype": entry["config"]?["dtype"] ?? "float32", "sparse": false, "name": input,
            ]
            let end: JSON = [input, 0, 0]
            if !inputs.contains(end) { inputs.append(end) }
            add(["class_name": "InputLayer", "config": .object(words), "name": input, "inbound_nodes": []])
            return end
        }
    }
}
