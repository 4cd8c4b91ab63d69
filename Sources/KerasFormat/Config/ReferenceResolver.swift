import JSON
import KerasModel
import Tensors

/// Finds the call a reference names. The calls of a nested model may count from 1, since its own construction was its node 0; a Sequential that
/// was built by its first call has no such node, which shows in a reference to 0.
struct ReferenceResolver {
    let rules: any DialectRules.Type
    let layers: [String: any Layer]
    let callCounts: [String: Int]
    /// Nested models referred to by 0, in each place.
    private var fromZero: [ReferencePlace: Set<String>] = [:]
    /// Keras 3.0 left out calls that the model does not need, and went on counting them: the numbers that are meant, where they are as many as the
    /// calls that are there.
    private var counted: [String: [Int]] = [:]

    init(rules: any DialectRules.Type, layers: [String: any Layer], entries: [JSON], outputs: JSON) {
        self.rules = rules
        self.layers = layers
        callCounts = Dictionary(
            entries.compactMap { entry in entry["name"]?.string.map { ($0, entry["inbound_nodes"]?.array?.count ?? 0) } },
            uniquingKeysWith: { first, _ in first })
        fromZero[.inboundNodes] = entries.reduce(into: []) { ReferenceResolver.collectZeros($1["inbound_nodes"] ?? .null, &$0) }
        fromZero[.ends] = []
        ReferenceResolver.collectZeros(outputs, &fromZero[.ends]!)
        var meant: [String: Set<Int>] = [:]
        for entry in entries { collect(entry["inbound_nodes"] ?? .null, .inboundNodes, &meant) }
        collect(outputs, .ends, &meant)
        counted = meant.filter { $0.value.count == callCounts[$0.key] }.mapValues { $0.sorted() }
    }

    private static func collectZeros(_ json: JSON, _ names: inout Set<String>) {
        visit(json) { if $1 == 0 { names.insert($0) } }
    }

    private func collect(_ json: JSON, _ place: ReferencePlace, _ meant: inout [String: Set<Int>]) {
        ReferenceResolver.visit(json) { name, node in
            if let call = call(node, of: name, at: place) { meant[name, default: []].insert(call) }
        }
    }

    private static func visit(_ json: JSON, _ body: (String, Int) -> Void) {
        if NodeReference.isReference(json), let node = json[1]?.integer, let name = json[0]?.string {
            body(name, node)
        } else if let items = json.array {
            for item in items { visit(item, body) }
        } else if let object = json.object {
            for value in object.values { visit(value, body) }
        }
    }

    /// Which call of a layer a number means; nil if there is no such layer.
    private func call(_ node: Int, of name: String, at place: ReferencePlace) -> Int? {
        guard let layer = layers[name] else { return nil }
        guard let nested = layer as? ModelLayer, !(fromZero[place]?.contains(name) ?? false) else { return node }
        return node - rules.offset(ofNested: nested.architecture.kind, at: place)
    }

    func resolve(_ reference: NodeReference, at place: ReferencePlace) throws -> TensorRef {
        guard let layer = layers[reference.layer], var call = call(reference.node, of: reference.layer, at: place) else {
            throw KerasError(.malformed, "a call takes a tensor of a layer that is not there", found: "'\(reference.layer)'")
        }
        let count = max(callCounts[reference.layer] ?? 0, layer is InputLayer ? 1 : 0)
        if let known = counted[reference.layer], known[0] >= 0, known[known.count - 1] >= count {
            call = known.firstIndex(of: call) ?? call
        }
        guard call >= 0, call < count else {
            throw KerasError(
                .malformed, "a call takes a tensor of a call that is not there", found: "call \(reference.node) of '\(reference.layer)'",
                expected: "one of its \(count)")
        }
        return TensorRef(layer: layer.id, call: call, output: reference.tensor)
    }
}
