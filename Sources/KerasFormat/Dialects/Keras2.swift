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

    /// The first argument, a tensor or a value or a list of either, each with the others beside it: `[layer, node, tensor, others]`, or
    /// `["_CONSTANT_VALUE", -1, value, others]`.
    static func readOperation(_ node: JSON, resolve: (NodeReference) throws -> TensorRef) throws -> Call {
        var inputs: [TensorRef] = []
        var others = JSONObject()
        func tensor(_ json: JSON) throws -> Int? {
            guard NodeReference.isReference(json), json[0] != .string(constantMark) else { return nil }
            inputs.append(try resolve(NodeReference(json)))
            return inputs.count - 1
        }
        func first(_ json: JSON) throws -> CallArgument {
            if NodeReference.isReference(json) || json[0] == .string(constantMark) {
                for (key, value) in json[3]?.object ?? [:] { others[key] = value }
                if let place = try tensor(json) { return .tensor(place) }
                return .value(json[2] ?? .null)
            }
            guard let items = json.array else { throw KerasError(.malformed, "a node is not a list of calls", found: json.kindName) }
            return .list(try items.map(first))
        }
        let argument = try first(node)
        let keywords = try others.map { (name: $0.key, value: try CallArgument($0.value, tensor: tensor)) }
        return Call(inputs.map(Tree.leaf), form: CallForm([argument], keywords: keywords))
    }

    private static var constantMark: String { "_CONSTANT_VALUE" }

    static func writeOperation(_ call: Call, _ form: CallForm, name: (TensorRef) throws -> NamedTensor) throws -> JSON {
        let inputs = call.inputs
        func triple(_ place: Int) throws -> JSON { .array(try name(inputs[place]).triple) }
        let others = JSON.object(JSONObject(try form.keywords.map { ($0.name, try $0.value.json(triple)) }))
        func first(_ argument: CallArgument) throws -> JSON {
            switch argument {
            case .tensor(let place): .array(try name(inputs[place]).triple + [others])
            case .value(let value): [.string(constantMark), -1, value, others]
            case .list(let items): .array(try items.map(first))
            case .dictionary: throw KerasError(.unsupported, "an operation takes a dictionary")
            }
        }
        return try form.positional.first.map(first) ?? []
    }
}

enum Keras2Rules: OlderRules {
    static let dialect = Dialect.keras2
    static let functionalName = "Model"
}
