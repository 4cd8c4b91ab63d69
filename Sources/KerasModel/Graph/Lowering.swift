// One file, a little over 300 lines: a call and the walk that makes it share what is known of values and masks.

import JSON
import Tensors

/// What a model is lowered for.
public enum Phase: Sendable {
    case predict
    /// Predicting for a loss, which would look at the masks of the outputs.
    case evaluate
    /// One step of training: layers normalize with the batch's statistics, drop, and make noise.
    case train
}

/// One call of a layer while it is being lowered: where it gets its weights and says its primitives.
public struct LayerCall {
    let lowering: Lowering
    let layer: any Layer
    /// The names of the models and layers round it, for messages and profiles.
    let path: String
    /// `training`, `mask` and the like.
    public let keywords: JSONObject
    public var phase: Phase { lowering.phase }
    /// True if the layer behaves as in training. A call that says otherwise is heeded before Keras 3 alone.
    var isTraining: Bool {
        guard phase == .train else { return false }
        guard isOfOlderKeras, let training = keywords["training"], !training.isNull else { return true }
        return training != false && training != 0
    }
    /// True if the layer, and each model round it, trains. Keras: `trainable`.
    let isTrainable: Bool
    /// Which input stands for which argument.
    public let arguments: CallArguments
    /// What each input carries.
    let masks: [Value?]
    /// Whether the layer computes with them.
    let seesMasks: Bool
    /// What the layer computes in.
    public var computeType: DType { layer.base.dtype.compute }

    /// The layer's own weight of this name, in the type the layer computes in or another.
    ///
    /// - Throws: a `mismatch` problem if it has none.
    public func weight(_ name: String, as wanted: DType? = nil) throws -> Value {
        let (id, spec) = try ownWeight(name)
        let value = lowering.replaced[id] ?? lowering.graph.weight(id, shape: spec.shape, dtype: spec.dtype ?? layer.base.dtype.variable)
        return try cast(value, wanted ?? computeType)
    }

    /// Whether the layer has a weight of its own of this name.
    func hasWeight(_ name: String) -> Bool { lowering.model.weights[layer.id]?.contains { $0.name == name } ?? false }

    /// Says what stands in a weight's place from here on: a step of training begins by making the weight that, and its gradient is that value's.
    func replace(_ name: String, by value: Value) throws {
        let (id, spec) = try ownWeight(name)
        guard isTrainable, lowering.replaced[id] == nil, value.dtype == spec.dtype ?? layer.base.dtype.variable else {
            throw KerasError(
                .unsupported, "a weight is changed before a step where that step cannot train it once", at: Place(layer: path), found: name,
                expected: "a trainable layer called once, of float32")
        }
        (lowering.replaced[id], lowering.updates[id]) = (value, value)
    }

    public func emit(_ op: Op, _ operands: Value...) throws -> Value { try emit(op, operands) }
    public func emit(_ op: Op, _ operands: [Value]) throws -> Value {
        if lowering.readsData, let moved = try lowering.moved(op, operands) { return moved }
        return try lowering.graph.emit(op, operands, layer: path)
    }
    /// Every result of a loop.
    func emitAll(_ op: Op, _ operands: [Value]) throws -> [Value] { try lowering.graph.emitAll(op, operands, layer: path) }

    /// A weight that training moves by other means than gradients, as the calls so far have left it.
    func state(_ name: String, as type: DType) throws -> Value {
        let value = try weight(name, as: type)
        return lowering.updates[try ownWeight(name).id] ?? value
    }

    /// Says what such a weight becomes.
    func update(_ name: String, to value: Value) throws { lowering.updates[try ownWeight(name).id] = value }

    /// Numbers drawn anew at each step.
    ///
    /// - Parameters:
    ///   - seed: the layer's own; nil for that of the run.
    ///   - type: the numbers' type; nil for the one the layer computes in.
    func random(_ kind: Random.Kind, _ shape: Shape, seed: Int?, as type: DType? = nil) throws -> Value {
        let random = Random(kind, stream: lowering.nextStream(), seed: seed, dtype: type ?? statisticsType)
        return try cast(try emit(.random(random, shape), lowering.seed()), type ?? computeType)
    }

    private func ownWeight(_ name: String) throws -> (id: WeightID, spec: WeightSpec) {
        let specs = lowering.model.weights[layer.id] ?? []
        guard let index = specs.firstIndex(where: { $0.name == name }) else {
            throw KerasError(.mismatch, "a layer has no such weight", at: Place(layer: path), found: name)
        }
        return (WeightID(layer: layer.id, index: index), specs[index])
    }

    /// A constant of the layer's own type.
    public func constant(_ scalars: [Double], shape: Shape) throws -> Value {
        lowering.graph.constant(try Tensor(scalars, shape: shape).converted(to: computeType))
    }

    public func cast(_ x: Value, _ type: DType) throws -> Value { x.dtype == type ? x : try emit(.cast(type), x) }

    public func reshape(_ x: Value, _ dims: [Int]) throws -> Value { x.shape.dims == dims ? x : try emit(.reshape(Shape(dims)), x) }

    /// `x` with its axes in another order; the order they have is no primitive.
    public func transpose(_ x: Value, _ axes: [Int]) throws -> Value { axes == Array(0..<x.rank) ? x : try emit(.transpose(axes), x) }

    /// Runs `body` on the image with its channels last, and brings the result back.
    func channelsLast(_ x: Value, _ format: DataFormat, _ body: (Value) throws -> Value) throws -> Value {
        guard format == .channelsFirst, x.rank > 2 else { return try body(x) }
        let last = x.rank - 1
        let result = try body(try transpose(x, [0] + Array(2...last) + [1]))
        return result.rank == x.rank ? try transpose(result, [0, last] + Array(1..<last)) : result
    }
}

/// A model on its way to primitives.
final class Lowering {
    let model: BuiltModel
    let phase: Phase
    var graph = OpGraph()
    /// Values whose masks a layer has taken off: ``Layer/clearsMasks``.
    private var unmasked: Set<OpGraph.ValueID> = []
    /// What training makes of weights by other means than gradients.
    var updates: [WeightID: Value] = [:]
    /// What stands in the place of weights: ``LayerCall/replace(_:by:)``.
    var replaced: [WeightID: Value] = [:]
    /// What is added to the loss for values that layers give.
    var penalties: [ActivityPenalty] = []
    /// What every call gives, by its layer's path; kept where somebody asks for it.
    private(set) var taps: [(name: String, value: Value)] = []
    var keepsTaps = false
    /// Whether layers look into the data.
    let readsData: Bool
    /// The data, where it is at hand: of inputs, and of what layers have found (`Reading.swift`).
    var contents: [OpGraph.ValueID: Tensor]?
    var found: [Tensor] = []
    /// The shapes of what they have found, where that was done before.
    var foundShapes: ArraySlice<Shape> = []
    /// The words that numbers stand for.
    var vocabularies: [OpGraph.ValueID: Vocabulary] = [:]
    private var calls: [String: Int] = [:]
    private var streams = 0
    private var seedInput: Value?
    /// Whether the models round the present layer train.
    private var isTrainable = true

    init(_ model: BuiltModel, phase: Phase) {
        self.model = model
        self.phase = phase
        readsData = model.readsData
    }

    /// A further input: what random numbers hang on.
    func seed() -> Value {
        let value = seedInput ?? graph.input(shape: [4], dtype: .int32)
        seedInput = value
        return value
    }

    func nextStream() -> Int {
        streams += 1
        return streams
    }

    /// True if something is drawn at random.
    var isRandom: Bool { seedInput != nil }

    /// Lowers the calls of one graph in their order.
    func lower(_ holder: ModelLayer, _ inputs: [MaskedValue], path: String) throws -> [MaskedValue] {
        let wasTrainable = isTrainable
        isTrainable = wasTrainable && holder.base.trainable
        defer { isTrainable = wasTrainable }
        let architecture = holder.architecture
        var values: [TensorRef: MaskedValue] = Dictionary(zip(architecture.inputs.leaves, inputs), uniquingKeysWith: { first, _ in first })
        let layers = architecture.layersByID
        for reference in order(of: holder) {
            guard let layer = layers[reference.layer], let call = architecture.calls[reference.layer]?[reference.call] else { continue }
            if layer is InputLayer { continue }
            let place = path.isEmpty ? layer.name : "\(path)/\(layer.name)"
            func known(_ tensor: TensorRef) throws -> MaskedValue {
                guard let value = values[tensor] else {
                    throw KerasError(.malformed, "a call takes a tensor that no layer gives", at: Place(layer: place))
                }
                return value
            }
            let results = try lower(
                layer, try call.operands.map(known), path: place, arguments: CallArguments(call),
                givenMasks: try call.givenMasks?.map { try $0.map { try known($0).value } }, keywords: call.keywords)
            if keepsTaps { tap(place, results.map(\.value)) }
            for (output, value) in results.enumerated() {
                values[TensorRef(layer: reference.layer, call: reference.call, output: output)] = value
            }
        }
        return try architecture.outputs.leaves.map { reference in
            guard let value = values[reference] else {
                throw KerasError(.malformed, "an output of the model comes from no layer", at: Place(layer: architecture.name))
            }
            return value
        }
    }

    /// Further calls are numbered, and so are further outputs of one: `dense`, `dense:1`, `split[0]`.
    private func tap(_ path: String, _ results: [Value]) {
        let call = calls[path, default: 0]
        calls[path] = call + 1
        let name = call == 0 ? path : "\(path):\(call)"
        for (output, value) in results.enumerated() {
            if case .constant = graph.values[value.id].source { continue }
            taps.append((results.count == 1 ? name : "\(name)[\(output)]", value))
        }
    }

    /// Keras casts floating-point inputs to what the layer computes in, others not.
    ///
    /// - Parameter givenMasks: in place of those that the first argument's tensors carry.
    func lower(
        _ layer: any Layer, _ inputs: [MaskedValue], path: String, arguments: CallArguments, givenMasks: [Value?]?, keywords: JSONObject
    ) throws -> [MaskedValue] {
        var masks = inputs.map { unmasked.contains($0.value.id) ? nil : $0.mask }
        if let givenMasks {
            let first = arguments.positional.first?.leaves ?? []
            for (index, given) in zip(first, givenMasks) {
                masks[index] = try given.map { given in
                    let mask = try graph.emit(.cast(.float32), [given], layer: path)
                    let zero = graph.constant(try Tensor([0], shape: []).converted(to: .float32))
                    return try graph.emit(.binary(.notEqual), [mask, zero], layer: path)
                }
            }
        }
        let isOlder = layer.base.dialect.map(Dialect.older.contains) ?? false
        let call = LayerCall(
            lowering: self, layer: layer, path: path, keywords: keywords, isTrainable: isTrainable && layer.base.trainable,
            arguments: arguments, masks: masks, seesMasks: isOlder || givenMasks != nil || arguments.count <= 1)
        return try KerasError.placing(Place(layer: path)) {
            let kind = type(of: layer)
            let operands = try zip(inputs, masks).map { input, mask in
                let casts = input.value.dtype.isFloatingPoint && kind.castsInputs
                return MaskedValue(casts ? try call.cast(input.value, call.computeType) : input.value, mask: mask)
            }
            let results = try layer.lowerWithMasks(operands, call)
            if layer.clearsMasks { unmasked.formUnion(operands.map(\.value.id)) }
            if phase != .predict, let regularizer = layer.activityRegularizer {
                for result in results {
                    penalties.append(ActivityPenalty(regularizer, result.value, layer: path, perSample: layer.base.dialect != .keras2))
                }
            }
            return results
        }
    }

    /// Any order in which the calls can be made, or Keras's where one hangs on another: by a mask that is taken off, and in training by what a
    /// layer that is called again has kept of the first time.
    private func order(of holder: ModelLayer) -> [TensorRef] {
        func clears(_ layer: any Layer) -> Bool { layer.clearsMasks || layer.children.contains { clears($0.layer) } }
        let order = model.order(of: holder.id)
        let callsAgain = phase == .train && holder.architecture.calls.values.contains { $0.count > 1 }
        guard holder.architecture.kind == .functional, callsAgain || clears(holder) else { return order }
        let first = holder.architecture.callsAsKeras()
        let known = Set(first)
        return first + order.filter { !known.contains($0) }
    }

    /// The masks of the model's outputs.
    func masks(of outputs: [MaskedValue]) -> [Value?] { outputs.map { unmasked.contains($0.value.id) ? nil : $0.mask } }
}

extension BuiltModel {
    /// The program for these concrete input shapes.
    ///
    /// - Throws: a `mismatch` problem if a layer cannot take what reaches it, `unsupported` for settings that are not run.
    package func lowered(for shapes: [Shape], phase: Phase = .predict) throws -> OpGraph {
        try loweredModel(for: shapes, phase: phase).graph
    }

    /// The same, giving after the model's outputs what every call of a layer gives.
    package func loweredWithActivations(for shapes: [Shape]) throws -> (graph: OpGraph, names: [String]) {
        let model = try loweredModel(for: shapes, phase: .predict, activations: true)
        return (model.graph, model.activations)
    }

    /// The same with what a loss adds to it.
    package func loweredModel(for shapes: [Shape], phase: Phase, activations: Bool = false) throws -> LoweredModel {
        try root.refuseOpaqueLayers()
        let lowering = Lowering(self, phase: phase)
        let types = architecture.inputLayers.map(\.valueType)
        // What layers have found in the data comes after it.
        let count = lowering.readsData ? min(architecture.inputs.leaves.count, shapes.count) : shapes.count
        lowering.foundShapes = shapes.dropFirst(count)
        let inputs = shapes.prefix(count).enumerated().map { index, shape in
            lowering.graph.input(shape: shape, dtype: types.indices.contains(index) ? types[index] : .float32)
        }
        lowering.keepsTaps = activations
        let outputs = try lowering.lower(root, inputs.map { MaskedValue($0) }, path: "")
        lowering.graph.outputs = outputs.map(\.value.id) + lowering.taps.map(\.value.id)
        return LoweredModel(
            graph: lowering.graph, masks: lowering.masks(of: outputs).map { $0?.id },
            updates: lowering.updates.map { ($0.key, $0.value.id) }.sorted { $0.1 < $1.1 }, replaced: lowering.replaced.mapValues(\.id),
            penalties: lowering.penalties, isRandom: lowering.isRandom, activations: lowering.taps.map(\.name))
    }
}

extension ModelLayer {
    /// - Throws: `unsupported` for every layer inside whose code nobody has.
    fileprivate func refuseOpaqueLayers() throws {
        func problems(_ layer: any Layer, _ path: String) -> [Problem] {
            let place = path.isEmpty ? layer.name : "\(path)/\(layer.name)"
            if let opaque = layer as? OpaqueLayer, opaque.function == nil { return [opaque.refusal(at: Place(layer: place))] }
            return layer.children.flatMap { problems($0.layer, place) }
        }
        let found = children.flatMap { problems($0.layer, "") }
        if !found.isEmpty { throw KerasError(problems: found) }
    }
}

/// A model as primitives, and what else a step of training looks at.
package struct LoweredModel: Sendable {
    /// After the model's inputs comes the seed, if anything is random.
    package var graph: OpGraph
    /// Of each output: 1 for what counts, else 0, in float32; nil where all does.
    package var masks: [OpGraph.ValueID?]
    /// What weights become by other means than gradients.
    package var updates: [(weight: WeightID, value: OpGraph.ValueID)]
    /// What stands in the place of weights: their gradients are those of these values.
    package var replaced: [WeightID: OpGraph.ValueID]
    package var penalties: [ActivityPenalty]
    package var isRandom: Bool
    /// The names of what the graph gives after the model's outputs: layers, where they were asked for.
    package var activations: [String]
}

/// A penalty on what a layer gives. Keras: `activity_regularizer`.
package struct ActivityPenalty: Sendable {
    package let regularizer: Regularizer
    package let value: Value
    package let layer: String
    /// True if it is divided by the number of samples: tf.keras and Keras 3.
    package let isPerSample: Bool

    init(_ regularizer: Regularizer, _ value: Value, layer: String, perSample: Bool) {
        self.regularizer = regularizer
        self.value = value
        self.layer = layer
        isPerSample = perSample
    }
}
