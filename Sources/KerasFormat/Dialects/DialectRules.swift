import JSON
import KerasModel
import Tensors

/// What a dialect says differently about the graph of a model; its words for layers are in the layers' keys.
protocol DialectRules: Sendable {
    static var dialect: Dialect { get }

    /// One entry of `inbound_nodes` as a call. `resolve` finds the tensor that a reference in such an entry names.
    ///
    /// - Throws: `malformed` for what is no call, `unsupported` for arguments this version does not take.
    static func readCall(_ node: JSON, resolve: (NodeReference) throws -> TensorRef) throws -> Call

    /// The entry of `inbound_nodes` for a call. `name` says how a tensor is referred to there.
    static func writeCall(_ call: Call, name: (TensorRef) throws -> NamedTensor) throws -> JSON

    /// The same for calls of operations, where tensors stand among other values.
    static func readOperation(_ node: JSON, resolve: (NodeReference) throws -> TensorRef) throws -> Call
    static func writeOperation(_ call: Call, _ form: CallForm, name: (TensorRef) throws -> NamedTensor) throws -> JSON

    /// How far the number of a call of a nested model is ahead of ours, where it is referred to from `place`.
    static func offset(ofNested kind: Architecture.Kind, at place: ReferencePlace) -> Int

    /// How often each call of a nested model is written, so that one number refers to it in all Kerases that read this.
    static var nestedRepeats: Int { get }

    /// What a Functional is called.
    static var functionalName: String { get }

    /// `input_layers` or `output_layers`.
    static func writeEnds(_ tree: Tree<JSON>) -> JSON
}

/// Where a reference to a call stands: Keras 3 counts differently in the two places.
enum ReferencePlace { case inboundNodes, ends }

/// `[layer name, node index, tensor index]` as it is written.
struct NodeReference: Hashable {
    var layer: String
    var node: Int
    var tensor: Int

    /// - Throws: `malformed` if it is no such triple.
    init(_ json: JSON) throws {
        guard let items = json.array, items.count >= 3, let layer = items[0].string, let node = items[1].integer,
            let tensor = items[2].integer,
            node >= 0, tensor >= 0
        else {
            throw KerasError(
                .malformed, "a reference to a tensor is not what it must be", found: json.serialized().prefix(80).description,
                expected: "[layer name, node index, tensor index]")
        }
        self.layer = layer
        self.node = node
        self.tensor = tensor
    }

    static func isReference(_ json: JSON) -> Bool {
        guard let items = json.array, items.count >= 3 else { return false }
        return items[0].string != nil && items[1].integer != nil && items[2].integer != nil
    }
}

/// A tensor as a writer must name it.
struct NamedTensor {
    var layer: String
    var node: Int
    var tensor: Int
    var shape: SymbolicShape
    var dtype: DType

    var triple: [JSON] { [.string(layer), .integer(node), .integer(tensor)] }
}

extension DialectRules {
    static var nestedRepeats: Int { 1 }
    static var functionalName: String { "Functional" }
}

extension SaveTarget {
    var rules: any DialectRules.Type { self == .universal ? UniversalRules.self : dialect.rules }
}

extension Dialect {
    var rules: any DialectRules.Type {
        switch self {
        case .keras2: Keras2Rules.self
        case .tfKeras: TFKerasRules.self
        case .keras3: Keras3Rules.self
        }
    }
}
