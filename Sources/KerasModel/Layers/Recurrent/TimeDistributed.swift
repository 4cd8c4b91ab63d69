import JSON
import Tensors

/// A layer done to each step of `(n, t, …)` by itself.
public struct TimeDistributed: Layer {
    public static let className = "TimeDistributed"
    public static let callKeywords: JSONObject = ["mask": nil]
    public static let blank = TimeDistributed(Dense(0))
    public static let maskUse = MaskUse.passes
    public static let castsInputs = false
    public static let keys: [ConfigKey<TimeDistributed>] = [.required("layer", \.held)]

    public var base = LayerBase()
    private var held: HeldLayer

    /// The layer that is done to each step.
    public var layer: any Layer {
        get { held.layer }
        set { held.layer = newValue }
    }

    public init(_ layer: any Layer, name: String? = nil) {
        held = HeldLayer(layer.name.isEmpty ? layer.named(Architecture.snakeCase(layer.typeName)) : layer)
        base.name = name
    }

    public var children: [ChildLayer] { [ChildLayer("layer", layer)] }

    public func withChildren(_ change: (any Layer) throws -> any Layer) throws -> TimeDistributed {
        var copy = self
        copy.layer = try change(layer)
        return copy
    }

    private func step(of inputs: [SymbolicShape]) throws -> SymbolicShape {
        guard let input = inputs.first, input.rank >= 3 else {
            throw KerasError(
                .mismatch, "the steps of an input of at least three axes are taken here",
                found: inputs.map(\.description).joined(separator: ", "))
        }
        guard type(of: layer).inputCount.contains(1) else {
            throw KerasError(.mismatch, "a layer that takes one input is done to each step", at: Place(key: "layer"), found: layer.typeName)
        }
        return SymbolicShape([input[0]] + input.dims.dropFirst(2))
    }

    private func whole(_ step: SymbolicShape, of inputs: [SymbolicShape]) -> SymbolicShape {
        SymbolicShape([step.dims.first ?? nil, inputs[0][1]] + step.dims.dropFirst())
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        try layer.outputShapes([try step(of: inputs)]).map { whole($0, of: inputs) }
    }

    public func build(_ inputs: [SymbolicShape], _ builder: inout ModelBuilder) throws -> [SymbolicShape] {
        try builder.build(layer, [try step(of: inputs)]).map { whole($0, of: inputs) }
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        try lowerWithMasks([MaskedValue(inputs[0])], call).map(\.value)
    }

    public func lowerWithMasks(_ inputs: [MaskedValue], _ call: LayerCall) throws -> [MaskedValue] {
        guard let x = inputs.first?.value, x.rank >= 3 else {
            throw KerasError(.mismatch, "the steps of an input of at least three axes are taken here", found: "\(inputs.count) inputs")
        }
        let (rows, steps) = (x.shape[0], x.shape[1])
        let mask = call.mask(ofInput: 0)
        // A mask of the steps alone says nothing within one.
        let inner = try mask.flatMap { mask in
            mask.rank > 2 ? try call.reshape(mask, [rows * steps] + mask.shape.dims.dropFirst(2)) : nil
        }
        if call.phase == .train, call.learnsOfBatches(layer), call.layer.base.dialect != .tfKeras {
            return try stepByStep(x, call).map { MaskedValue($0, mask: mask) }
        }
        let folded = try call.reshape(x, [rows * steps] + x.shape.dims.dropFirst(2))
        return try call.lower(layer, [MaskedValue(folded, mask: inner)]).map { result in
            let value = try call.reshape(result.value, [rows, steps] + result.value.shape.dims.dropFirst())
            return MaskedValue(value, mask: try outputMask(mask, inner: result.mask, rows: rows, steps: steps, call))
        }
    }

    /// Keras 3 hands the mask on as it is. Before it, the mask is what the layer makes of it, or has one number for each step.
    private func outputMask(_ mask: Value?, inner: Value?, rows: Int, steps: Int, _ call: LayerCall) throws -> Value? {
        guard base.dialect == .tfKeras || base.dialect == .keras2 else { return mask }
        if let inner { return try call.reshape(inner, [rows, steps] + inner.shape.dims.dropFirst()) }
        guard let mask, mask.rank > 2 else { return mask }
        return try call.emit(.reduce(.max, axes: Array(2..<mask.rank), keepDims: false), mask)
    }

    /// Where the samples of one call have to do with each other, each step is a call.
    private func stepByStep(_ x: Value, _ call: LayerCall) throws -> [Value] {
        var results: [[Value]] = []
        for step in 0..<x.shape[1] {
            var (starts, sizes) = ([Int](repeating: 0, count: x.rank), x.shape.dims)
            (starts[1], sizes[1]) = (step, 1)
            let part = try call.emit(.slice(starts: starts, sizes: sizes), x)
            let cell = try call.reshape(part, [sizes[0]] + sizes.dropFirst(2))
            results.append(
                try call.lower(layer, [MaskedValue(cell)]).map {
                    try call.reshape($0.value, [sizes[0], 1] + $0.value.shape.dims.dropFirst())
                })
        }
        return try (results.first ?? []).indices.map { output in try call.emit(.concatenate(axis: 1), results.map { $0[output] }) }
    }
}

extension LayerCall {
    /// Whether the layer has weights that training moves by the statistics of its batches.
    fileprivate func learnsOfBatches(_ layer: any Layer) -> Bool {
        lowering.model.tree(of: layer).all.contains { !$0.spec.isTrainable }
    }
}
