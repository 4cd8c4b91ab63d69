import JSON
import Tensors

/// A recurrent layer over the steps of `(n, t, …)` both ways, and the two outputs joined step by step.
///
/// Further inputs are the states before the first step: those of the way forward, then those of the way back.
public struct Bidirectional: Layer {
    /// How the outputs of the two ways are joined. Keras: `merge_mode`.
    public enum MergeMode: String, CaseIterable, ConfigValue { case sum, mul, ave, concat }

    public static let className = "Bidirectional"
    public static let callKeywords: JSONObject = ["mask": nil]
    public static let blank = Bidirectional(SimpleRNN(0))
    public static let inputCount = 1...Int.max
    public static let maskUse = MaskUse.passes
    public static let keys: [ConfigKey<Bidirectional>] = [
        .key("merge_mode", \.mergeMode, in: [.keras3]),
        ConfigKey(
            name: "layer", names: [:], dialects: Dialect.all, isRequired: true,
            decode: { json, context, layer in try layer.read(json, context) },
            encode: { layer, context in try layer.words(isForward: true, context) }, absent: { _, _ in }),
        .key("merge_mode", \.mergeMode, in: Dialect.older),
        ConfigKey(
            name: "backward_layer", names: [:], dialects: [.tfKeras, .keras3], isRequired: false,
            decode: { json, context, layer in
                if !json.isNull { try layer.read(backward: json, context) }
            }, encode: { layer, context in try layer.words(isForward: false, context) }, absent: { _, _ in }
        ).written { layer, context in context.dialect == .keras3 || layer.backwardDiffers }.needed { $0.backwardDiffers },
    ]

    public var base = LayerBase()
    /// Named `forward_…`, as Keras names it.
    public private(set) var forward: any RecurrentLayer
    public private(set) var backward: any RecurrentLayer
    /// nil for two outputs.
    public var mergeMode: MergeMode? = .concat
    private var buildConfigs: [JSON?] = [nil, nil]

    /// - Parameter backwardLayer: goes the other way; by default a layer like the first with weights of its own.
    public init(
        _ layer: any RecurrentLayer, mergeMode: MergeMode? = .concat, backwardLayer: (any RecurrentLayer)? = nil, name: String? = nil
    ) {
        (forward, backward) = (layer, layer)
        self.mergeMode = mergeMode
        base.name = name
        let own = layer.name.isEmpty ? Architecture.snakeCase(type(of: layer).className) : layer.name
        forward = layer.named("forward_" + own)
        backward = backwardLayer.map { $0.name.isEmpty ? $0.named("backward_" + own) : $0 } ?? opposite("backward_" + own)
    }

    /// A layer like the way forward, the other way round.
    private func opposite(_ name: String) -> any RecurrentLayer {
        var layer = forward.renewed()
        layer.recurrent.goBackwards.toggle()
        layer.base.name = name
        return layer
    }

    private mutating func read(_ json: JSON, _ context: DecodingContext) throws {
        let held = try HeldLayer(config: json, in: context)
        forward = try Bidirectional.recurrent(held.layer)
        buildConfigs[0] = held.buildConfig
        let name = context.dialect == .keras3 ? forward.name.withoutPrefix("forward_") : forward.name
        forward.base.name = "forward_" + name
        backward = opposite("backward_" + name)
    }

    private mutating func read(backward json: JSON, _ context: DecodingContext) throws {
        let held = try HeldLayer(config: json, in: context)
        backward = try Bidirectional.recurrent(held.layer)
        buildConfigs[1] = held.buildConfig
        if context.dialect != .keras3 { backward.base.name = "backward_" + backward.name }
    }

    private static func recurrent(_ layer: any Layer) throws -> any RecurrentLayer {
        guard let layer = layer as? any RecurrentLayer else {
            throw KerasError(
                .unsupported, "this layer is not run both ways", found: "'\(type(of: layer).className)'", expected: "a recurrent layer")
        }
        return layer
    }

    /// As the dialect names it and its settings: Keras 3 writes what a bidirectional layer makes of them, others what they were.
    private func words(isForward: Bool, _ context: EncodingContext) throws -> JSON {
        if context.isUniversal, forward.recurrent.goBackwards {
            throw KerasError(
                .unsupported, "Keras 3 lets both ways of such a layer go backwards, and refuses it", at: Place(key: "go_backwards"),
                found: "true", expected: "a model for one Keras alone")
        }
        var (layer, context) = (isForward ? forward : backward, context)
        let isNewest = context.dialect == .keras3
        // Before Keras 3 it stands there as it was given, never built.
        if !isNewest { context.heldInputs = [:] }
        if !isNewest { layer.base.name = layer.name.withoutPrefix(isForward ? "forward_" : "backward_") }
        layer.recurrent.zeroOutputForMask = isNewest && layer.recurrent.returnSequences
        var held = HeldLayer(layer)
        held.buildConfig = buildConfigs[isForward ? 0 : 1]
        return try held.config(in: context)
    }

    /// Whether the way back is another layer than the way forward turned round.
    private var backwardDiffers: Bool {
        let context = EncodingContext(dialect: base.dialect ?? .keras3)
        func words(_ layer: any RecurrentLayer) -> JSON? {
            var layer = layer
            layer.base.name = nil
            layer.recurrent.goBackwards = false
            layer.recurrent.zeroOutputForMask = false
            return (try? context.words(of: layer)).map(JSON.object)
        }
        guard let (there, back) = words(forward).flatMap({ there in words(backward).map { (there, $0) } }) else { return true }
        return there.serialized() != back.serialized()
    }

    public var children: [ChildLayer] { [ChildLayer("forward_layer", forward), ChildLayer("backward_layer", backward)] }

    public func withChildren(_ change: (any Layer) throws -> any Layer) throws -> Bidirectional {
        var copy = self
        if let layer = try change(forward) as? any RecurrentLayer { copy.forward = layer }
        if let layer = try change(backward) as? any RecurrentLayer { copy.backward = layer }
        return copy
    }

    private func check() throws {
        let (there, back) = (forward.recurrent, backward.recurrent)
        guard there.goBackwards != back.goBackwards, there.returnSequences == back.returnSequences, there.returnState == back.returnState,
            there.stateful == back.stateful
        else {
            throw KerasError(
                .mismatch, "the two ways do not fit together", at: Place(key: "backward_layer"),
                expected: "another go_backwards; the same return_sequences, return_state and stateful")
        }
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        try check()
        let there = try forward.outputShapes(Array(inputs.prefix(1)))
        let back = try backward.outputShapes(Array(inputs.prefix(1)))
        let states = Array(there.dropFirst() + back.dropFirst())
        guard let mergeMode else { return [there[0], back[0]] + states }
        var output = there[0]
        if mergeMode == .concat {
            guard output.dims.dropLast() == back[0].dims.dropLast() else { throw misfit(there[0], back[0]) }
            output[output.rank - 1] = try output.last.flatMap { last in try back[0].last.map { try Shape(checking: [last + $0])[0] } }
        } else if output != back[0] {
            throw misfit(there[0], back[0])
        }
        return [output] + states
    }

    private func misfit(_ there: SymbolicShape, _ back: SymbolicShape) -> KerasError {
        KerasError(.mismatch, "the outputs of the two ways do not fit together", found: "\(there) and \(back)")
    }

    public func build(_ inputs: [SymbolicShape], _ builder: inout ModelBuilder) throws -> [SymbolicShape] {
        let shapes = try outputShapes(inputs)
        _ = try builder.build(forward, Array(inputs.prefix(1)))
        _ = try builder.build(backward, Array(inputs.prefix(1)))
        return shapes
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let states = inputs.dropFirst()
        guard states.count % 2 == 0 else {
            throw KerasError(.mismatch, "the states of two ways come in pairs", at: Place(key: "initial_state"), found: "\(states.count)")
        }
        // Keras 2 lets a masked step have the output of the one before it here as elsewhere.
        let zeroes = base.dialect == .keras2 ? nil : forward.recurrent.returnSequences
        func way(_ layer: any RecurrentLayer, _ initial: ArraySlice<Value>, _ attribute: String) throws -> RecurrentResult {
            let held = call.held(layer, as: attribute)
            let result = try layer.run(
                inputs[0], mask: call.mask(ofInput: 0), initial: Array(initial), zeroesMasked: zeroes, held)
            if call.phase != .predict, let penalty = layer.activityRegularizer {
                for value in try layer.results(result, held) { call.penalize(value, penalty, held.path) }
            }
            return result
        }
        let there = try way(forward, states.prefix(states.count / 2), "forward_layer")
        let back = try way(backward, states.suffix(states.count / 2), "backward_layer")
        var pair = [there.last, back.last]
        if forward.recurrent.returnSequences, let y = there.sequence, let z = back.sequence {
            pair = [y, z]
            // The way forward gives its outputs in the order it goes, the other is turned round.
            if forward.recurrent.goBackwards { pair = try pair.map { try call.emit(.reverse([1]), $0) } }
            if forward.recurrent.timeMajor { pair = try pair.map { try call.transpose($0, [1, 0] + Array(2..<$0.rank)) } }
        }
        let outputs: [Value]
        switch mergeMode {
        case .concat: outputs = [try call.emit(.concatenate(axis: pair[0].rank - 1), pair)]
        case .sum: outputs = [try call.emit(.binary(.add), pair)]
        case .mul: outputs = [try call.emit(.binary(.multiply), pair)]
        case .ave: outputs = [try call.emit(.unary(.affine(scale: 0.5, offset: 0)), try call.emit(.binary(.add), pair))]
        case nil: outputs = pair
        }
        return outputs + (forward.recurrent.returnState ? there.states + back.states : [])
    }

    public func masks(_ inputs: [Value], _ outputs: [Value], _ call: LayerCall) throws -> [Value?] {
        let own = mergeMode == nil ? 2 : 1
        return outputs.indices.map { $0 < own && forward.recurrent.returnSequences ? call.carriedMask(ofInput: 0) : nil }
    }
}

extension String {
    fileprivate func withoutPrefix(_ prefix: String) -> String { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self }
}

extension LayerCall {
    /// Adds a penalty on what a layer held inside gives.
    fileprivate func penalize(_ value: Value, _ penalty: Regularizer, _ path: String) {
        lowering.penalties.append(ActivityPenalty(penalty, value, layer: path, perSample: layer.base.dialect != .keras2))
    }
}
