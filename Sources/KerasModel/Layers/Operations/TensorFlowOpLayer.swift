import JSON
import Tensors

/// An operation of a TensorFlow graph as tf.keras before TensorFlow 2.4 writes it: a node of the graph, in JSON or in a message's bytes, and
/// those of its inputs that are constants.
public struct TensorFlowOpLayer: OperationLayer {
    public static let className = "TensorFlowOpLayer"
    public static let dialects: Set<Dialect> = [.tfKeras]
    public static let blank = TensorFlowOpLayer(node: [:])
    public static let commonKeys: [ConfigKey<TensorFlowOpLayer>] = [
        .key("name", \.nodeName),
        .key("trainable", \.base.trainable),
        .key("dtype", \.base.dtype),
    ]
    public static let keys: [ConfigKey<TensorFlowOpLayer>] = [
        .required("node_def", \.node),
        .key("constants", \.constants),
    ]

    public var base = LayerBase()
    /// The layer is called `tf_op_layer_` and this.
    public var nodeName: String?
    public var node: JSON
    /// By the place of the input.
    public var constants: JSON = [:]

    public init(node: JSON) { self.node = node }

    public var function: Function { Function(name: (try? definition())?["op"]?.string ?? "", vocabulary: .graph) }

    /// The node as an object: the first of these layers have it in a message's bytes.
    private func definition() throws -> JSON { try node.string.map { try NodeDefinition.json($0) } ?? node }

    /// Tensors and constants in the node's order, then its attributes.
    public func completed(_ form: CallForm) throws -> CallForm {
        let node = try definition()
        guard node.object != nil else {
            throw KerasError(.unsupported, "a node of a graph is not written as JSON", at: Place(key: "node_def"), found: node.kindName)
        }
        var tensors = form.positional.flatMap { $0.items ?? [$0] }[...]
        let known = constants.object ?? [:]
        var positional: [CallArgument] = []
        while true {
            if let constant = known["\(positional.count)"] {
                positional.append(.value(constant))
            } else if let tensor = tensors.popFirst() {
                positional.append(tensor)
            } else {
                break
            }
        }
        let attributes = (node["attr"]?.object ?? [:]).compactMap { name, value -> (name: String, value: CallArgument)? in
            // What types the operands have shows in them.
            if name.hasPrefix("T") || name.hasPrefix("_") || name == "SrcT" { return nil }
            return TensorFlowOpLayer.plain(value).map { (name, .value($0)) }
        }
        return CallForm(positional, keywords: attributes)
    }

    /// An attribute as protobuf's JSON has it: `{"b": true}`, `{"i": "3"}`, `{"s": "U0FNRQ=="}`.
    private static func plain(_ attribute: JSON) -> JSON? {
        guard let (kind, value) = attribute.object?.first else { return nil }
        switch kind {
        case "i": return value.string.flatMap { Int($0) }.map(JSON.integer) ?? value
        case "s": return value.string.flatMap { text(base64: $0) }.map(JSON.string)
        case "list":
            guard let (kind, items) = value.object?.first else { return [] }
            return .array((items.array ?? []).compactMap { plain([kind: $0]) })
        default: return value
        }
    }

    private static func text(base64: String) -> String? {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
        let values = Dictionary(uniqueKeysWithValues: zip(letters, 0...))
        var bytes: [UInt8] = []
        var (bits, count) = (0, 0)
        for letter in base64.utf8 where letter != UInt8(ascii: "=") {
            guard let value = values[letter] else { return nil }
            (bits, count) = ((bits << 6 | value) & 0xFFFF, count + 6)
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
