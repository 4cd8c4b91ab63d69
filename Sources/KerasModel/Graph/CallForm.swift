import JSON
import Tensors

/// What a call of an operation passes: a value, or tensors, or both in one structure.
public indirect enum CallArgument: Sendable {
    /// A place in ``Call/inputs``.
    case tensor(Int)
    /// What holds no tensor, as written.
    case value(JSON)
    case list([CallArgument])
    case dictionary([(key: String, value: CallArgument)])

    public init(_ json: JSON, tensor: (JSON) throws -> Int?) rethrows {
        if let place = try tensor(json) {
            self = .tensor(place)
        } else if let items = json.array {
            let items = try items.map { try CallArgument($0, tensor: tensor) }
            self = items.contains(where: \.holdsTensors) ? .list(items) : .value(json)
        } else if let object = json.object {
            let items = try object.map { (key: $0.key, value: try CallArgument($0.value, tensor: tensor)) }
            self = items.contains(where: \.value.holdsTensors) ? .dictionary(items) : .value(json)
        } else {
            self = .value(json)
        }
    }

    var holdsTensors: Bool { if case .value = self { false } else { true } }

    var isNull: Bool { if case .value(.null) = self { true } else { false } }

    /// The elements of a list; nil if it is none.
    var items: [CallArgument]? {
        switch self {
        case .list(let items): items
        case .value(let json): (json.array ?? json["items"]?.array)?.map(CallArgument.value)
        default: nil
        }
    }

    /// What stands under a key, if this is an object that has it.
    subscript(key: String) -> CallArgument? {
        switch self {
        case .dictionary(let items): items.first { $0.key == key }?.value
        case .value(let json): json[key].map(CallArgument.value)
        default: nil
        }
    }

    public func json(_ tensor: (Int) throws -> JSON) rethrows -> JSON {
        switch self {
        case .tensor(let place): try tensor(place)
        case .value(let json): json
        case .list(let items): .array(try items.map { try $0.json(tensor) })
        case .dictionary(let items): .object(JSONObject(try items.map { ($0.key, try $0.value.json(tensor)) }))
        }
    }
}

/// The arguments of a call in which tensors stand among other values.
public struct CallForm: Sendable {
    public var positional: [CallArgument]
    public var keywords: [(name: String, value: CallArgument)]

    public init(_ positional: [CallArgument] = [], keywords: [(name: String, value: CallArgument)] = []) {
        self.positional = positional
        self.keywords = keywords
    }

    /// The same with each tensor as its number: what two calls are compared by.
    var json: JSONObject {
        func mark(_ place: Int) -> JSON { ["tensor": .integer(place)] }
        var object = JSONObject()
        for (place, argument) in positional.enumerated() { object["\(place)"] = argument.json(mark) }
        for (name, argument) in keywords where !argument.isNull && name != "name" { object[name] = argument.json(mark) }
        return object
    }
}
