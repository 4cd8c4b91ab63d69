import KerasModel
import Tensors

/// Goes through a graph's primitives and writes nodes for each; which, is in `ONNXOperators.swift` and `ONNXFunctions.swift`.
///
/// ONNX's convolutions have the channels after the batch. So a value may be kept with its axes in another order than the graph's, and is
/// transposed only where somebody needs it otherwise: between two convolutions nobody does.
struct ONNXExporter {
    typealias ValueID = OpGraph.ValueID

    /// Where a value is: under which name, and which of the graph's axes each of its own is.
    struct Stored {
        let name: String
        let order: [Int]
    }

    let graph: OpGraph
    let lengths: [[BatchedGraph.Length]]
    var file = ONNXGraph()
    private let weights: [WeightID: Tensor]
    private let names: [WeightID: String]
    private var stored: [ValueID: Stored] = [:]
    /// Weights and constants, and what is but another form of them.
    private var fixed: [ValueID: (name: String, tensor: Tensor)] = [:]
    /// Names of a value's other forms.
    private var forms: [String: String] = [:]
    /// An input whose first length is the batch's size, and how many times.
    private var batchSource: (name: String, factor: Int)?

    init(_ batched: BatchedGraph, _ weights: [WeightID: Tensor], names: [WeightID: String]) {
        graph = batched.graph
        lengths = batched.lengths
        self.weights = weights
        self.names = names
    }

    /// The model's file.
    mutating func run(inputs: [String], outputs: [String], name: String) throws -> ProtobufMessage {
        for (index, id) in graph.inputs.enumerated() {
            let name = file.unique(inputs.indices.contains(index) ? inputs[index] : "input_\(index)")
            try file.addInput(name, graph.values[id].dtype, shape(of: id))
            stored[id] = Stored(name: name, order: plainOrder(id))
            if batchSource == nil, case .batch(let factor)? = lengths[id].first { batchSource = (name, factor) }
        }
        // Before any node takes one of them.
        let ends = graph.outputs.indices.map { file.unique(outputs.indices.contains($0) ? outputs[$0] : "output_\($0)") }
        for (id, value) in graph.values.enumerated() {
            switch value.source {
            case .constant(let tensor): fixed[id] = ("constant", tensor)
            case .weight(let weight):
                guard let tensor = weights[weight] else {
                    throw KerasError(.mismatch, "a weight is missing", at: Place(object: names[weight]))
                }
                fixed[id] = (names[weight] ?? "weight", try tensor.converted(to: value.dtype))
            case .input, .node: break
            }
        }
        for node in graph.nodes {
            try KerasError.placing(Place(layer: node.layer)) {
                if try !fold(node) { try write(node) }
            }
        }
        for (id, name) in zip(graph.outputs, ends) {
            _ = file.node("Identity", [try self.name(of: id)], layer: "", as: name)
            try file.addOutput(name, graph.values[id].dtype, shape(of: id))
        }
        return file.model(name: name)
    }

    private func shape(of id: ValueID) -> [ONNXGraph.Length] {
        lengths[id].map { length in
            switch length {
            case .fixed(let number): .fixed(number)
            case .batch(let factor): .named(factor == 1 ? "N" : "\(factor)*N")
            }
        }
    }

    /// What only gives a weight or constant another form is done here and now.
    private mutating func fold(_ node: OpGraph.Node) throws -> Bool {
        guard node.inputs.count == 1, let (name, tensor) = fixed[node.inputs[0]] else { return false }
        switch node.op {
        case .cast(let dtype): fixed[node.output] = (name, try tensor.converted(to: dtype))
        case .reshape(let shape): fixed[node.output] = (name, try tensor.reshaped(to: shape))
        case .transpose(let axes): fixed[node.output] = (name, tensor.transposed(axes))
        default: return false
        }
        return true
    }

    // MARK: Values

    func plainOrder(_ id: ValueID) -> [Int] { Array(graph.values[id].shape.dims.indices) }
    func dtype(_ id: ValueID) -> DType { graph.values[id].dtype }
    func rank(_ id: ValueID) -> Int { graph.values[id].shape.rank }
    func isFixed(_ id: ValueID) -> Bool { fixed[id] != nil }

    /// The axes of a value as it is kept.
    func order(_ id: ValueID) -> [Int] { stored[id]?.order ?? plainOrder(id) }

    mutating func keep(_ id: ValueID, _ name: String, order: [Int]? = nil) {
        stored[id] = Stored(name: name, order: order ?? plainOrder(id))
    }

    /// A value with its axes in this order; nil is the graph's.
    mutating func name(of id: ValueID, order wanted: [Int]? = nil) throws -> String {
        let wanted = wanted ?? plainOrder(id)
        let key = "\(id) \(wanted)"
        if let known = forms[key] { return known }
        if let (name, tensor) = fixed[id] {
            forms[key] = try file.initializer(name, wanted == plainOrder(id) ? tensor : tensor.transposed(wanted))
        } else if let place = stored[id] {
            forms[key] =
                place.order == wanted
                ? place.name
                : file.node(
                    "Transpose", [place.name], [("perm", .ints(wanted.map { place.order.firstIndex(of: $0)! }))], layer: layer(of: id))[0]
        } else {
            throw KerasError(.malformed, "a primitive takes a value that nothing gives")
        }
        return forms[key]!
    }

    /// A value as it is kept.
    mutating func current(_ id: ValueID) throws -> String { try name(of: id, order: order(id)) }

    /// An operand that is broadcast to `rank` axes, which stand in this order.
    mutating func operand(_ id: ValueID, rank: Int, order: [Int]) throws -> String {
        let own = self.rank(id)
        if own == rank { return try name(of: id, order: order) }
        let isPlain = order == Array(order.indices)
        if let (name, tensor) = fixed[id] {
            let key = "\(id) \(rank) \(order)"
            if let known = forms[key] { return known }
            // One number needs no axes.
            let full =
                tensor.count == 1
                ? try tensor.reshaped(to: Shape([]))
                : try tensor.reshaped(to: Shape([Int](repeating: 1, count: rank - own) + tensor.shape.dims)).transposed(order)
            forms[key] = try file.initializer(name, full)
            return forms[key]!
        }
        let plain = try name(of: id)
        if isPlain { return plain }
        let layer = layer(of: id)
        // Where its own axes go; in their order, nothing moves.
        let places = (rank - own..<rank).map { order.firstIndex(of: $0)! }
        if places == places.sorted() {
            return file.node("Unsqueeze", [plain, try file.list((0..<rank).filter { !places.contains($0) })], layer: layer)[0]
        }
        let full = file.node("Unsqueeze", [plain, try file.list(Array(0..<rank - own))], layer: layer)[0]
        return file.node("Transpose", [full], [("perm", .ints(order))], layer: layer)[0]
    }

    private func layer(of id: ValueID) -> String {
        guard case .node(let index) = graph.values[id].source else { return "" }
        return graph.nodes[index].layer
    }

    /// A shape as an array that a node takes; what hangs on the batch is computed from an input's.
    mutating func shapeList(_ lengths: [BatchedGraph.Length], layer: String) throws -> String {
        let numbers = lengths.compactMap { length -> Int? in if case .fixed(let number) = length { number } else { nil } }
        if numbers.count == lengths.count { return try file.list(numbers) }
        guard let source = batchSource else { throw KerasError(.unsupported, "no input tells the size of the batch") }
        let size = file.node("Shape", [source.name], [("start", .int(0)), ("end", .int(1))], layer: layer)[0]
        let parts = try lengths.map { length -> String in
            switch length {
            case .fixed(let number): return try file.list([number])
            case .batch(let factor) where factor == source.factor: return size
            case .batch(let factor):
                let times = file.node("Mul", [size, try file.list([factor])], layer: layer)[0]
                return source.factor == 1 ? times : file.node("Div", [times, try file.list([source.factor])], layer: layer)[0]
            }
        }
        return file.node("Concat", parts, [("axis", .int(0))], layer: layer)[0]
    }
}
