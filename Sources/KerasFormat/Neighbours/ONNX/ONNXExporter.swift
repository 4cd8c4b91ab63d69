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

    let opened: OpenGraph
    var graph: OpGraph { opened.graph }
    var lengths: [[OpenGraph.Length]] { opened.lengths }
    var file = ONNXGraph()
    private let weights: [WeightID: Tensor]
    private let names: [WeightID: String]
    private var stored: [ValueID: Stored] = [:]
    /// Weights and constants, and what is but another form of them.
    private var fixed: [ValueID: (name: String, tensor: Tensor)] = [:]
    /// Names of a value's other forms.
    private var forms: [String: String] = [:]
    /// Where open lengths can be read off: an axis of an array, in the order in which they were found.
    private var sources: [(length: [Int], array: String, axis: Int)] = []
    /// Open lengths as arrays of one number.
    private var lengthNames: [[Int]: String] = [:]

    init(_ opened: OpenGraph, _ weights: [WeightID: Tensor], names: [WeightID: String]) {
        self.opened = opened
        self.weights = weights
        self.names = names
    }

    /// The model's file.
    mutating func run(inputs: [String], outputs: [String], name: String) throws -> ProtobufMessage {
        for (index, id) in graph.inputs.enumerated() {
            let name = file.unique(inputs.indices.contains(index) ? inputs[index] : "input_\(index)")
            try file.addInput(name, graph.values[id].dtype, shape(of: id, name))
            keep(id, name)
        }
        // Before any node takes one of them.
        let ends = graph.outputs.indices.map { file.unique(outputs.indices.contains($0) ? outputs[$0] : "output_\($0)") }
        try writeNodes()
        for (id, name) in zip(graph.outputs, ends) { try end(id, as: name) }
        return file.model(name: name)
    }

    private mutating func writeNodes() throws {
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
        for (index, node) in graph.nodes.enumerated() {
            try KerasError.placing(Place(layer: node.layer)) {
                if try !fold(node) { try write(node, index) }
            }
        }
    }

    private mutating func end(_ id: ValueID, as name: String) throws {
        _ = file.node("Identity", [try self.name(of: id)], layer: "", as: name)
        try file.addOutput(name, graph.values[id].dtype, shape(of: id, name))
    }

    /// One whose names are nobody's business is called after the array.
    private func shape(of id: ValueID, _ name: String) -> [ONNXGraph.Length] {
        lengths[id].enumerated().map { axis, length in
            switch length {
            case .fixed(let number): .fixed(number)
            case .open(let length): .named(opened.names[length] ?? "\(name)_\(axis)")
            }
        }
    }

    /// A loop over steps. ONNX's `Scan` takes the states before the sequences, and its body sees what is around it.
    mutating func write(_ scan: Scan, _ node: OpGraph.Node, _ index: Int) throws {
        // All that the body sees is named before the body begins.
        let given = node.inputs.dropFirst(scan.sequences + scan.states)
        let operands = try (node.inputs.dropFirst(scan.sequences).prefix(scan.states) + node.inputs.prefix(scan.sequences)).map {
            try name(of: $0)
        }
        let constants = try given.map { isFixed($0) ? "" : try name(of: $0) }
        var body = ONNXExporter(try opened.body(ofNode: index), weights, names: names)
        body.file = file.inner()
        (body.sources, body.lengthNames) = (sources, lengthNames)
        let inputs = body.graph.inputs
        for id in inputs.dropFirst(scan.sequences).prefix(scan.states) + inputs.prefix(scan.sequences) {
            let name = body.file.unique("\(node.layer)/step")
            try body.file.addInput(name, body.dtype(id), body.shape(of: id, name))
            body.keep(id, name)
        }
        for (id, (operand, name)) in zip(inputs.dropFirst(scan.sequences + scan.states), zip(given, constants)) {
            if let known = fixed[operand] { body.fixed[id] = known } else { body.keep(id, name) }
        }
        try body.writeNodes()
        for id in body.graph.outputs { try body.end(id, as: body.file.unique("\(node.layer)/result")) }
        let message = body.file.part(of: &file, name: "\(node.layer)/body")
        func directions(_ count: Int) -> ONNXGraph.Attribute { .ints([Int](repeating: scan.isReversed ? 1 : 0, count: count)) }
        func axes(_ count: Int) -> ONNXGraph.Attribute { .ints([Int](repeating: 1, count: count)) }
        var attributes: [(String, ONNXGraph.Attribute)] = [
            ("body", .graph(message)), ("num_scan_inputs", .int(scan.sequences)), ("scan_input_axes", axes(scan.sequences)),
            ("scan_input_directions", directions(scan.sequences)),
        ]
        if scan.kept > 0 {
            attributes += [("scan_output_axes", axes(scan.kept)), ("scan_output_directions", directions(scan.kept))]
        }
        let results = file.node("Scan", operands, attributes, layer: node.layer, results: node.outputs.count)
        for (id, name) in zip(node.outputs, results) { keep(id, name) }
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
        let order = order ?? plainOrder(id)
        stored[id] = Stored(name: name, order: order)
        for (position, axis) in order.enumerated() {
            guard case .open(let length) = lengths[id][axis], !sources.contains(where: { $0.length == length }) else { continue }
            sources.append((length, name, position))
        }
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

    /// A part of a list: a number, or an array of one that is computed.
    enum ListPart {
        case number(Int)
        case array(String)
    }

    /// A list of whole numbers as an array that a node takes.
    mutating func list(of parts: [ListPart], _ layer: String) throws -> String {
        let numbers = parts.compactMap { part -> Int? in if case .number(let number) = part { number } else { nil } }
        if numbers.count == parts.count { return try file.list(numbers) }
        let arrays = try parts.map { part -> String in
            switch part {
            case .number(let number): try file.list([number])
            case .array(let name): name
            }
        }
        return arrays.count == 1 ? arrays[0] : file.node("Concat", arrays, [("axis", .int(0))], layer: layer)[0]
    }

    /// A shape as an array that a node takes; open lengths are read off arrays that have them.
    mutating func shapeList(_ lengths: [OpenGraph.Length], layer: String) throws -> String {
        try list(
            of: lengths.map { length -> ListPart in
                switch length {
                case .fixed(let number): return .number(number)
                case .open(let length):
                    guard let name = try name(ofLength: length, layer: layer) else { throw refused("a length that no array has") }
                    return .array(name)
                }
            }, layer)
    }

    /// An array of one open length: that of another array, so many times, or the product of two. Nil if it is none of these.
    mutating func name(ofLength length: [Int], layer: String) throws -> String? {
        if let known = lengthNames[length] { return known }
        func isMultiple(_ others: [Int]) -> Int? {
            guard others[0] > 0, length[0] % others[0] == 0 else { return nil }
            let factor = length[0] / others[0]
            return zip(length, others).allSatisfy { $0 == factor * $1 } ? factor : nil
        }
        let known = sources
        if let source = known.first(where: { $0.length == length }) {
            let ends: [(String, ONNXGraph.Attribute)] = [("start", .int(source.axis)), ("end", .int(source.axis + 1))]
            lengthNames[length] = file.node("Shape", [source.array], ends, layer: layer)[0]
            return lengthNames[length]
        }
        for source in known {
            guard let factor = isMultiple(source.length), let one = try name(ofLength: source.length, layer: layer) else { continue }
            lengthNames[length] = file.node("Mul", [one, try file.list([factor])], layer: layer)[0]
            return lengthNames[length]
        }
        for (index, one) in known.enumerated() {
            for other in known[index...] {
                guard let factor = isMultiple(zip(one.length, other.length).map { $0 * $1 }),
                    let a = try name(ofLength: one.length, layer: layer),
                    let b = try name(ofLength: other.length, layer: layer)
                else { continue }
                let product = file.node("Mul", [a, b], layer: layer)[0]
                lengthNames[length] = factor == 1 ? product : file.node("Mul", [product, try file.list([factor])], layer: layer)[0]
                return lengthNames[length]
            }
        }
        return nil
    }
}
