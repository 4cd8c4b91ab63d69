import JSON
import Tensors

/// Builds a model: finds the order of its calls, infers every shape, and lists the weights each layer has.
public struct ModelBuilder {
    /// The weights of each layer with weights of its own, nested ones too.
    package private(set) var weights: [LayerID: [WeightSpec]] = [:]
    /// The output shapes of each call of each layer, nested ones too.
    package private(set) var shapes: [LayerID: [[SymbolicShape]]] = [:]
    /// The calls of each graph in an order in which they can be run, by the model that holds it.
    package private(set) var orders: [LayerID: [TensorRef]] = [:]
    /// Which shape stands for which argument of the call that is being built.
    package private(set) var arguments = CallArguments(count: 1)
    /// `return_attention_scores` and the like.
    package private(set) var keywords = JSONObject()

    /// The call that is being built.
    private(set) var call: (reference: TensorRef, call: Call)?
    /// The layers whose shapes hang on one that is not known.
    package private(set) var guesses: Set<LayerID> = []
    /// What operations give that hangs on shapes alone, for each length that open ones are tried with.
    private var constants: [TensorRef: [Int: Tensor]] = [:]

    init() {}

    /// The shapes that layers were first built for which others hold, and those which write them.
    package private(set) var heldInputs: [LayerID: [SymbolicShape]] = [:]

    mutating func note(_ inputs: [SymbolicShape], for layer: any Layer) {
        if heldInputs[layer.id] == nil { heldInputs[layer.id] = inputs }
    }

    /// Notes that the shape a layer gives is not known, and taken to be that of its input.
    mutating func guess(_ layer: LayerID) { guesses.insert(layer) }

    /// The shapes that an operation gives. It is lowered with lengths in the place of open ones, once with one and once with another: what
    /// then differs is open.
    mutating func shapes(of layer: some Layer, _ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        guard let (reference, call) = call else { return inputs }
        for known in constants.keys where known.layer == reference.layer && known.call == reference.call { constants[known] = nil }
        var refusal: (any Error)?
        for pair in [[12, 24], [60, 90], [7, 11], [224, 448], [1, 2]] {
            do {
                let tried = try pair.map { length in
                    let values = try lowered(layer, call, inputs, open: length)
                    for (output, value) in values.enumerated() {
                        guard let content = value.content else { continue }
                        constants[TensorRef(layer: reference.layer, call: reference.call, output: output), default: [:]][length] = content
                    }
                    return values.map(\.shape)
                }
                guard tried[0].map(\.rank) == tried[1].map(\.rank) else { continue }
                return zip(tried[0], tried[1]).map { one, other in SymbolicShape(zip(one.dims, other.dims).map { $0 == $1 ? $0 : nil }) }
            } catch {
                // The first lengths are the likeliest to be possible.
                if refusal == nil { refusal = error }
            }
        }
        throw refusal ?? KerasError(.unsupported, "the shape that an operation gives is not foreseen")
    }

    private func lowered(_ layer: some Layer, _ call: Call, _ inputs: [SymbolicShape], open length: Int) throws -> [(
        shape: Shape, content: Tensor?
    )] {
        let lowering = Lowering(.empty, phase: .predict)
        let values = try zip(call.operands, inputs).map { reference, shape in
            if let content = constants[reference]?[length] { return lowering.graph.constant(content) }
            return lowering.graph.input(shape: try Shape(checking: shape.dims.map { $0 ?? length }), dtype: .float32)
        }
        let results = try lowering.lower(
            layer, values.map { MaskedValue($0) }, path: layer.name, arguments: arguments, givenMasks: nil, keywords: call.keywords)
        return results.map(\.value).map { value in
            if case .constant(let tensor) = lowering.graph.values[value.id].source { (value.shape, tensor) } else { (value.shape, nil) }
        }
    }

    /// Builds a layer held inside another for one argument.
    mutating func build(_ child: any Layer, _ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let outer = (arguments, keywords)
        defer { (arguments, keywords) = outer }
        (arguments, keywords) = (CallArguments(count: inputs.count), [:])
        note(inputs, for: child)
        return try child.build(inputs, &self)
    }

    /// Called by a layer's `build`: a layer called again keeps the weights of its first call.
    mutating func register(_ specs: [WeightSpec], of layer: some Layer) {
        if weights[layer.id] == nil && !specs.isEmpty { weights[layer.id] = specs }
    }

    /// Infers the graph of the model with identity `owner` for these input shapes.
    ///
    /// - Throws: the problems of all layers that could be reached.
    mutating func build(_ architecture: Architecture, owner: LayerID, inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        guard Set(architecture.layers.map(\.id)).count == architecture.layers.count else {
            throw KerasError(.mismatch, "a model lists one layer twice", at: Place(layer: architecture.name))
        }
        let order = try callOrder(of: architecture)
        orders[owner] = order
        let references = architecture.inputs.leaves
        guard references.count == inputs.count else {
            throw KerasError(
                .mismatch, "a model has another number of inputs", at: Place(layer: architecture.name), found: "\(inputs.count)",
                expected: "\(references.count)")
        }
        var known: [TensorRef: SymbolicShape] = Dictionary(zip(references, inputs), uniquingKeysWith: { first, _ in first })
        let layers = architecture.layersByID
        // A nested model that is called again adds to what its layers gave before.
        let before = layers.mapValues { shapes[$0.id]?.count ?? 0 }
        for layer in layers.values {
            shapes[layer.id, default: []] += Array(repeating: [], count: architecture.calls[layer.id]?.count ?? 0)
        }
        var failures = ProblemList()
        for reference in order {
            guard let layer = layers[reference.layer], let call = architecture.calls[reference.layer]?[reference.call] else { continue }
            let shapes: [SymbolicShape]?
            if layer is InputLayer {
                shapes = known[reference].map { [$0] }
            } else {
                let isGuess = call.inputs.contains { guesses.contains($0.layer) }
                if isGuess { guesses.insert(layer.id) }
                let operands = call.operands.compactMap { known[$0] }
                // What hangs on a call that failed is not a problem of its own.
                guard operands.count == call.operands.count else { continue }
                var own = ProblemList()
                shapes = own.attempt(at: Place(layer: layer.name)) {
                    try checkCount(operands.count, of: type(of: layer))
                    (arguments, keywords) = (CallArguments(call), call.keywords)
                    self.call = (reference, call)
                    return try layer.build(operands, &self)
                }
                // Nor is what a guess leads to.
                if !isGuess { for problem in own.problems { failures.add(problem) } }
            }
            // By the call's own number: calls need not be reached in the order they were made in.
            self.shapes[layer.id]?[before[layer.id, default: 0] + reference.call] = shapes ?? []
            for (output, shape) in (shapes ?? []).enumerated() {
                known[TensorRef(layer: reference.layer, call: reference.call, output: output)] = shape
            }
        }
        try failures.throwIfAny()
        return try architecture.outputs.leaves.map { reference in
            guard let shape = known[reference] else {
                if guesses.contains(reference.layer) { return [] }
                throw KerasError(
                    .malformed, "an output of the model comes from no layer", at: Place(layer: architecture.name),
                    found: layers[reference.layer].map { "output \(reference.output) of call \(reference.call) of '\($0.name)'" })
            }
            return shape
        }
    }

    private func checkCount(_ count: Int, of kind: any Layer.Type) throws {
        let known = kind.inputCount
        guard !known.contains(count) else { return }
        let expected = known.upperBound == Int.max ? "at least \(known.lowerBound)" : "\(known.lowerBound)"
        throw KerasError(
            .mismatch, "\(kind.className) takes another number of inputs", found: "\(count)",
            expected: known.lowerBound < known.upperBound && known.upperBound != Int.max ? "\(expected) to \(known.upperBound)" : expected)
    }

    /// Calls such that each stands after those it takes its inputs from; otherwise as the file has them.
    private func callOrder(of architecture: Architecture) throws -> [TensorRef] {
        var order: [TensorRef] = []
        var done: Set<TensorRef> = []
        var waiting: [TensorRef: Int] = [:]
        var users: [TensorRef: [TensorRef]] = [:]
        var ready: [TensorRef] = []
        for layer in architecture.allLayers {
            for (index, call) in (architecture.calls[layer.id] ?? []).enumerated() {
                let reference = TensorRef(layer: layer.id, call: index)
                let needed = Set(call.inputs.map { TensorRef(layer: $0.layer, call: $0.call) })
                waiting[reference] = needed.count
                for need in needed { users[need, default: []].append(reference) }
                if needed.isEmpty { ready.append(reference) }
            }
        }
        ready.reverse()
        while let next = ready.popLast() {
            guard done.insert(next).inserted else { continue }
            order.append(next)
            for user in (users[next] ?? []).reversed() {
                waiting[user]! -= 1
                if waiting[user] == 0 { ready.append(user) }
            }
        }
        let stuck = architecture.allLayers.filter { layer in
            (architecture.calls[layer.id] ?? []).indices.contains { !done.contains(TensorRef(layer: layer.id, call: $0)) }
        }
        guard stuck.isEmpty else {
            throw KerasError(
                .malformed, "the graph has a cycle, or takes a tensor that no layer gives", at: Place(layer: architecture.name),
                found: "no order for " + stuck.prefix(8).map { "'\($0.name)'" }.joined(separator: ", "))
        }
        return order
    }
}

/// A model whose shapes and weights are known.
package struct BuiltModel: Sendable {
    package let root: ModelLayer
    package let inputShapes: [SymbolicShape]
    package let outputShapes: [SymbolicShape]
    /// The weights of each layer with weights of its own.
    package let weights: [LayerID: [WeightSpec]]
    /// The output shapes of each call of each layer.
    package let shapes: [LayerID: [[SymbolicShape]]]
    let orders: [LayerID: [TensorRef]]
    /// The layers whose shapes hang on one that is not known: those given for them are what they would be if that kept its input's.
    package let guesses: Set<LayerID>

    package var architecture: Architecture { root.architecture }

    /// The shapes that layers within others were first built for.
    package let heldInputs: [LayerID: [SymbolicShape]]

    /// A model of nothing.
    static let empty = BuiltModel()

    private init() {
        (root, inputShapes, outputShapes) = (.blank, [], [])
        (weights, shapes, orders, guesses, heldInputs) = ([:], [:], [:], [], [:])
    }

    /// - Parameter inputShapes: in place of the shapes the input layers give.
    /// - Throws: every problem found, each with its layer.
    package init(_ root: ModelLayer, inputShapes given: [SymbolicShape]? = nil) throws {
        let declared = root.architecture.inputLayers.map(\.batchShape)
        let shapes = given ?? declared
        guard !shapes.isEmpty else {
            throw KerasError(
                .mismatch, "the model's input shape is not known yet", at: Place(layer: root.name),
                expected: "an input shape on its first layer, or data to see it by")
        }
        var builder = ModelBuilder()
        self.root = root
        inputShapes = shapes
        outputShapes = try builder.build(root.architecture, owner: root.id, inputs: shapes)
        weights = builder.weights
        self.shapes = builder.shapes
        orders = builder.orders
        guesses = builder.guesses
        heldInputs = builder.heldInputs
    }

    package func order(of model: LayerID) -> [TensorRef] { orders[model] ?? [] }

    /// What a call gives; nothing for a call that is not there.
    package func outputShapes(of call: TensorRef) -> [SymbolicShape] {
        let calls = shapes[call.layer] ?? []
        return calls.indices.contains(call.call) ? calls[call.call] : []
    }

    /// The layer's own weights.
    package func ownWeights(of layer: any Layer) -> [(id: WeightID, spec: WeightSpec)] {
        (weights[layer.id] ?? []).enumerated().map { (WeightID(layer: layer.id, index: $0), $1) }
    }
}
