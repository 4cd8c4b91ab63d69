import JSON
import KerasModel
import Tensors

/// Keras 3: a node is `{"args": […], "kwargs": {…}}` with each tensor spelled out as a `__keras_tensor__`.
enum Keras3Rules: DialectRules {
    static let dialect = Dialect.keras3

    static func readCall(_ node: JSON, resolve: (NodeReference) throws -> TensorRef) throws -> Call {
        guard let arguments = node["args"]?.array else {
            throw KerasError(.malformed, "a node is not what it must be", found: node.kindName, expected: "an object with 'args'")
        }
        var call = Call(try arguments.map { try readTree($0, resolve) })
        for (key, value) in node["kwargs"]?.object ?? [:] where !value.isNull {
            if mentionsTensor(value) {
                call.keywordTensors.append((key, try KerasError.placing(Place(key: key)) { try readTree(value, resolve) }))
            } else {
                call.keywords[key] = value
            }
        }
        return call
    }

    private static func readTree(_ json: JSON, _ resolve: (NodeReference) throws -> TensorRef) throws -> Tree<TensorRef> {
        if let history = history(json) { return .leaf(try resolve(NodeReference(history))) }
        if json.isNull { return .none }
        if let items = json.array { return .list(try items.map { try readTree($0, resolve) }) }
        if let object = json.object, object["class_name"] == nil {
            return .dictionary(try object.map { ($0.key, try readTree($0.value, resolve)) })
        }
        throw KerasError(.unsupported, "a call takes something else than tensors", found: json.summary)
    }

    private static func history(_ json: JSON) -> JSON? {
        json["class_name"]?.string == "__keras_tensor__" ? json["config"]?["keras_history"] : nil
    }

    private static func mentionsTensor(_ json: JSON) -> Bool {
        if history(json) != nil { return true }
        return json.array?.contains(where: mentionsTensor) ?? json.object?.values.contains(where: mentionsTensor) ?? false
    }

    static func writeCall(_ call: Call, name: (TensorRef) throws -> NamedTensor) throws -> JSON {
        let arguments = try call.arguments.map { argument in try argument.map { tensor(try name($0)) }.json }
        var keywords = call.keywords
        for (key, value) in call.keywordTensors { keywords[key] = try value.map { tensor(try name($0)) }.json }
        return ["args": .array(arguments), "kwargs": .object(keywords)]
    }

    private static func tensor(_ tensor: NamedTensor) -> JSON {
        let shape = JSON.array(tensor.shape.dims.map { $0.map(JSON.integer) ?? .null })
        let dtype = tensor.dtype.isText ? DTypePolicy.string.name : tensor.dtype.description
        return [
            "class_name": "__keras_tensor__",
            "config": ["shape": shape, "dtype": .string(dtype), "keras_history": .array(tensor.triple)],
        ]
    }

    /// A nested Functional's construction counts in `output_layers`, but not in `keras_history`; a Sequential's never.
    static func offset(ofNested kind: Architecture.Kind, at place: ReferencePlace) -> Int { kind == .functional && place == .ends ? 1 : 0 }

    /// The structure Python passed: a bare triple for one tensor.
    static func writeEnds(_ tree: Tree<JSON>) -> JSON { tree.json }

    static func readOperation(_ node: JSON, resolve: (NodeReference) throws -> TensorRef) throws -> Call {
        guard let arguments = node["args"]?.array else {
            throw KerasError(.malformed, "a node is not what it must be", found: node.kindName, expected: "an object with 'args'")
        }
        var inputs: [TensorRef] = []
        func tensor(_ json: JSON) throws -> Int? {
            guard let history = history(json) else { return nil }
            inputs.append(try resolve(NodeReference(history)))
            return inputs.count - 1
        }
        let positional = try arguments.map { try CallArgument($0, tensor: tensor) }
        let keywords = try (node["kwargs"]?.object ?? [:]).map { (name: $0.key, value: try CallArgument($0.value, tensor: tensor)) }
        return Call(inputs.map(Tree.leaf), form: CallForm(positional, keywords: keywords))
    }

    static func writeOperation(_ call: Call, _ form: CallForm, name: (TensorRef) throws -> NamedTensor) throws -> JSON {
        let inputs = call.inputs
        func said(_ place: Int) throws -> JSON { tensor(try name(inputs[place])) }
        return [
            "args": .array(try form.positional.map { try $0.json(said) }),
            "kwargs": .object(JSONObject(try form.keywords.map { ($0.name, try $0.value.json(said)) })),
        ]
    }
}
