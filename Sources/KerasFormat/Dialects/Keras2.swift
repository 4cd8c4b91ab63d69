import JSON
import KerasModel
import Tensors

/// The graph grammar of Keras 2 and all of tf.keras: a node is a list of `[layer, node, tensor, keywords]`.
protocol OlderRules: DialectRules {}

extension OlderRules {
    static func readCall(_ node: JSON, resolve: (NodeReference) throws -> TensorRef) throws -> Call {
        var keywords = JSONObject()
        let tree = try readTree(node) { entry in
            for (key, value) in entry[3]?.object ?? [:] where !value.isNull { keywords[key] = value }
            return try resolve(NodeReference(entry))
        }
        let leaves = tree.leaves
        var call = Call([leaves.count == 1 ? .leaf(leaves[0]) : tree])
        for (key, value) in keywords {
            if mentionsTensor(value) {
                let tree = try KerasError.placing(Place(key: key)) { try readTree(value) { try resolve(NodeReference($0)) } }
                call.keywordTensors.append((key, tree))
            } else {
                call.keywords[key] = value
            }
        }
        return call
    }

    private static func mentionsTensor(_ json: JSON) -> Bool {
        if NodeReference.isReference(json) { return true }
        return json.array?.contains(where: mentionsTensor) ?? json.object?.values.contains(where: mentionsTensor) ?? false
    }

    /// Lists of references, or a dictionary of them.
    private static func readTree(_ json: JSON, _ leaf: (JSON) throws -> TensorRef) throws -> Tree<TensorRef> {
        if NodeReference.isReference(json) { return .leaf(try leaf(json)) }
        if json.isNull { return .none }
        if let object = json.object { return .dictionary(try object.map { ($0.key, try readTree($0.value, leaf)) }) }
        guard let items = json.array else { throw KerasError(.malformed, "a node is not a list of calls", found: json.kindName) }
        return .list(try items.map { try readTree($0, leaf) })
    }

    /// Every tensor of the first argument has the keywords.
    static func writeCall(_ call: Call, name: (TensorRef) throws -> NamedTensor) throws -> JSON {
        var keywords = call.keywords
        for (key, value) in call.keywordTensors { keywords[key] = try value.map { .array(try name($0).triple) }.json }
        return .array(try call.arguments.flatMap(\.leaves).map { .array(try name($0).triple + [.object(keywords)]) })
    }

    /// A nested model's own construction is its node 0.
    static func offset(ofNested kind: Architecture.Kind, at place: ReferencePlace) -> Int { 1 }

    /// Always a list of triples, or a dictionary of them.
    static func writeEnds(_ tree: Tree<JSON>) -> JSON {
        switch tree {
        case .leaf(let triple): .array([triple])
        case .none: .array([])
        case .list(let items): .array(items.flatMap(\.leaves))
        case .dictionary(let items): .object(JSONObject(items.map { ($0.key, .array($0.value.leaves)) }))
        }
    }

    static func wrap(className: String, module: String, config: JSONObject) -> JSONObject {
        ["class_name": .string(className), "config": .object(config)]
    }
}

enum Keras2Rules: OlderRules {
    static let dialect = Dialect.keras2
    static let functionalName = "Model"
}
