import JSON
import Tensors

/// What a model is lowered for.
public enum Phase: Sendable {
    case predict
    /// Predicting for a loss, which would look at the masks of the outputs.
    case evaluate
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
    /// What the layer computes in.
    public var computeType: DType { layer.base.dtype.compute }

    /// The layer's own weight of this name, in the type the layer computes in or another.
    ///
    /// - Throws: a `mismatch` problem if it has none.
    public func weight(_ name: String, as wanted: DType? = nil) throws -> Value {
        let specs = lowering.model.weights[layer.id] ?? []
        guard let index = specs.firstIndex(where: { $0.name == name }) else {
            throw KerasError(.mismatch, "a layer has no such weight", at: Place(layer: path), found: name)
        }
        let type = specs[index].dtype ?? layer.base.dtype.variable
        let value = lowering.graph.weight(WeightID(layer: layer.id, index: index), shape: specs[index].shape, dtype: type)
        return try cast(value, wanted ?? computeType)
    }

    public func emit(_ op: Op, _ operands: Value...) throws -> Value { try lowering.graph.emit(op, operands, layer: path) }
    public func emit(_ op: Op, _ operands: [Value]) throws -> Value { try lowering.graph.emit(op, operands, layer: path) }

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
    /// The values that carry a mask. Masks themselves are not lowered yet, so that what would look at one is refused.
    private(set) var masked: Set<OpGraph.ValueID> = []

    init(_ model: BuiltModel, phase: Phase) {
        self.model = model
        self.phase = phase
    }

    /// Lowers the calls of one graph in their order.
    func lower(_ holder: ModelLayer, _ inputs: [Value], path: String) throws -> [Value] {
        let architecture = holder.architecture
        var values: [TensorRef: Value] = Dictionary(zip(architecture.inputs.leaves, inputs), uniquingKeysWith: { first, _ in first })
        let layers = architecture.layersByID
        for reference in model.order(of: holder.id) {
            guard let layer = layers[reference.layer], let call = architecture.calls[reference.layer]?[reference.call] else { continue }
            if layer is InputLayer { continue }
            let place = path.isEmpty ? layer.name : "\(path)/\(layer.name)"
            let operands = call.inputs.compactMap { values[$0] }
            guard operands.count == call.inputs.count else {
                throw KerasError(.malformed, "a call takes a tensor that no layer gives", at: Place(layer: place))
            }
            let results = try lower(layer, operands, path: place, keywords: call.keywords)
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

    /// Keras casts floating-point inputs to what the layer computes in, others not.
    func lower(_ layer: any Layer, _ inputs: [Value], path: String, keywords: JSONObject = [:]) throws -> [Value] {
        let call = LayerCall(lowering: self, layer: layer, path: path, keywords: keywords)
        return try KerasError.placing(Place(layer: path)) {
            let kind = type(of: layer)
            let isMasked = inputs.contains { masked.contains($0.id) }
            guard !isMasked || kind.maskUse != .uses else {
                throw KerasError(.unsupported, "masks are not run yet, and one reaches this layer", found: kind.className)
            }
            let operands = try inputs.map { $0.dtype.isFloatingPoint && kind.castsInputs ? try call.cast($0, call.computeType) : $0 }
            let results = try layer.lower(operands, call)
            // A nested model's layers have said it of their own values.
            let carries = isMasked && kind.maskUse == .passes && layer.children.isEmpty
            if layer.makesMask || carries { masked.formUnion(results.map(\.id)) }
            return results
        }
    }

    /// - Throws: `unsupported` with the layer's name if a mask would reach a loss.
    func checkOutputs(_ outputs: [Value]) throws {
        for (reference, value) in zip(model.architecture.outputs.leaves, outputs) where masked.contains(value.id) {
            let name = model.architecture.layer(reference.layer)?.name
            throw KerasError(.unsupported, "masks are not run yet, and one reaches an output of the model", at: Place(layer: name))
        }
    }
}

extension BuiltModel {
    /// The program for these concrete input shapes.
    ///
    /// - Throws: a `mismatch` problem if a layer cannot take what reaches it, `unsupported` for settings that are not run.
    package func lowered(for shapes: [Shape], phase: Phase = .predict) throws -> OpGraph {
        let lowering = Lowering(self, phase: phase)
        let types = architecture.inputLayers.map(\.valueType)
        let inputs = shapes.enumerated().map { index, shape in
            lowering.graph.input(shape: shape, dtype: types.indices.contains(index) ? types[index] : .float32)
        }
        let outputs = try lowering.lower(root, inputs, path: "")
        if phase == .evaluate { try lowering.checkOutputs(outputs) }
        lowering.graph.outputs = outputs.map(\.id)
        return lowering.graph
    }
}
