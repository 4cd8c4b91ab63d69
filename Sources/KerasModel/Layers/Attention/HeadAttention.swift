import JSON
import Tensors

/// What the layers of several heads have in common: query, value and key as arguments of their own, each projected; the masks that queries and
/// values carry; a product with what the scores choose, projected back.
public protocol HeadAttention: Layer {
    /// What the attributes that hold the projections begin with in Keras 3's files.
    static var attributePrefix: String { get }
    var useBias: Bool { get }
    var useGate: Bool { get }
    /// How many steps a query sees to either side; nil for all.
    var slidingWindow: Int? { get }
    var dropout: Double { get }
    var seed: Int? { get }
    /// The size of a head's queries and keys.
    var headSize: Int { get }
    var parts: AttentionParts { get }
    /// The projections for these shapes, in the order in which their weights are made.
    func projections(_ query: SymbolicShape, _ value: SymbolicShape, _ key: SymbolicShape) throws -> AttentionProjections
    /// The axes of queries that attention goes along.
    func attendedAxes(rank: Int) throws -> [Int]
    /// How often a key's head serves a query's.
    var repeats: Int { get }
    /// tf_keras: `softmax_robust_masking`.
    var softmaxIsRobust: Bool { get }
    /// True if the numbers of a mask that is joined with no other count from a half on, where the scores are seen or some of them dropped.
    var halvesMasks: Bool { get }
}

/// The identities of the layers inside: a copy of an attention layer holds the same.
public struct AttentionParts: Sendable {
    let query = LayerBase()
    let key = LayerBase()
    let gate = LayerBase()
    let value = LayerBase()
    let output = LayerBase()
}

/// The layers inside.
public struct AttentionProjections: Sendable {
    var query: EinsumDense
    var key: EinsumDense
    var gate: EinsumDense?
    var value: EinsumDense
    var output: EinsumDense
}

/// The tensors of a call.
private struct AttentionOperands<Operand> {
    var query: Operand
    var value: Operand
    var key: Operand
    var keyIsGiven: Bool
}

extension CallArguments {
    fileprivate func attention<Operand>(_ operands: [Operand]) throws -> AttentionOperands<Operand> {
        // Called plainly, with a list.
        let plain = positional.count == 1 && keywords.isEmpty ? positional[0].leaves : []
        func find(_ name: String, _ position: Int) -> Int? {
            tensor(name, at: position).flatMap { plain.count > 1 ? nil : $0 } ?? (plain.count > position ? plain[position] : nil)
        }
        guard let query = find("query", 0), let value = find("value", 1) else {
            throw KerasError(.mismatch, "attention takes a query and a value", found: "\(operands.count) tensors")
        }
        let key = find("key", 2)
        return AttentionOperands(query: operands[query], value: operands[value], key: operands[key ?? value], keyIsGiven: key != nil)
    }
}

extension HeadAttention {
    public static var inputCount: ClosedRange<Int> { 1...7 }
    public static var dialects: Set<Dialect> { [.keras3] }
    public static var attributePrefix: String { "" }
    public static var argumentNames: [String] { ["query", "value", "key"] }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        var builder = ModelBuilder()
        return try builder.build(self, inputs)
    }

    public func build(_ inputs: [SymbolicShape], _ builder: inout ModelBuilder) throws -> [SymbolicShape] {
        let shapes = try builder.arguments.attention(inputs)
        guard shapes.query.rank >= 2, shapes.value.rank >= 2, shapes.key.rank == shapes.value.rank else {
            throw KerasError(
                .mismatch, "query, value and key do not fit together", found: inputs.map(\.description).joined(separator: ", "))
        }
        builder.note([shapes.query, shapes.value, shapes.key], for: self)
        let returnsScores = builder.keywords.isSet("return_attention_scores")
        let projections = try projections(shapes.query, shapes.value, shapes.key)
        let query = try builder.build(projections.query, [shapes.query])[0]
        let key = try builder.build(projections.key, [shapes.key])[0]
        if let gate = projections.gate { _ = try builder.build(gate, [shapes.query]) }
        let value = try builder.build(projections.value, [shapes.value])[0]
        var attended = query
        attended[query.rank - 1] = value[value.rank - 1]
        let output = try builder.build(projections.output, [attended])
        guard returnsScores else { return output }
        let axes = try attendedAxes(rank: query.rank)
        let batch = query.dims.indices.filter { !axes.contains($0) && $0 != query.rank - 1 }
        return output + [SymbolicShape(batch.map { query[$0] } + axes.map { query[$0] } + axes.map { key[$0] })]
    }

    /// The layers inside with shapes that only their equations hang on.
    public var children: [ChildLayer] {
        let shape: SymbolicShape = [nil, nil, 1]
        guard let parts = try? projections(shape, shape, shape) else { return [] }
        let gate = parts.gate.map { [ChildLayer("_gate_dense", $0)] } ?? []
        return [
            ChildLayer(Self.attributePrefix + "query_dense", olderAttribute: "_query_dense", parts.query),
            ChildLayer(Self.attributePrefix + "key_dense", olderAttribute: "_key_dense", parts.key),
        ] + gate + [
            ChildLayer(Self.attributePrefix + "value_dense", olderAttribute: "_value_dense", parts.value),
            ChildLayer(Self.attributePrefix + "output_dense", olderAttribute: "_output_dense", parts.output),
        ]
    }

    /// They have their settings from this layer.
    public func withChildren(_ change: (any Layer) throws -> any Layer) throws -> Self { self }

    /// Calls the layer on query and value, or on key too.
    public func callAsFunction(
        _ query: SymbolicTensor, _ value: SymbolicTensor, key: SymbolicTensor? = nil, attentionMask: SymbolicTensor? = nil,
        useCausalMask: Bool = false
    ) -> SymbolicTensor {
        var tensors: [(key: String, value: Tree<SymbolicTensor>)] = [("value", .leaf(value))]
        if let key { tensors.append(("key", .leaf(key))) }
        if let attentionMask { tensors.append(("attention_mask", .leaf(attentionMask))) }
        return SymbolicTensor(
            SymbolicCall(
                layer: self, arguments: [.leaf(query)], keywords: useCausalMask ? ["use_causal_mask": true] : [:], keywordTensors: tensors))
    }

    // MARK: What it computes

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        try call.refuseTrainingMode()
        let operands = try call.arguments.attention(Array(inputs.indices))
        let values = try inputs.map { $0.dtype.isFloatingPoint ? try call.cast($0, call.computeType) : $0 }
        let (query, value, key) = (values[operands.query], values[operands.value], values[operands.key])
        let returnsScores = call.keywords.isSet("return_attention_scores")
        let projections = try projections(SymbolicShape(query.shape), SymbolicShape(value.shape), SymbolicShape(key.shape))
        func project(_ layer: EinsumDense, _ x: Value) throws -> Value { try call.lower(layer, [MaskedValue(x)])[0].value }

        let isPlain = dropout == 0 && !returnsScores && query.rank == 3
        let allowed = try mask(call, operands, inputs, isPlain: isPlain)
        let gate = try projections.gate.map { try project($0, query) }
        let q = try call.emit(.unary(.affine(scale: 1 / Double(headSize).squareRoot(), offset: 0)), try project(projections.query, query))
        let (k, v) = (try repeated(try project(projections.key, key), call), try repeated(try project(projections.value, value), call))
        let axes = try attendedAxes(rank: q.rank)
        let letters = AttentionLetters(rank: q.rank, axes: axes)

        let scores = try call.einsum(q, letters.query, k, letters.key, to: letters.scores)
        let shares = try share(scores, axes.count, allowed, call, isPlain: isPlain)
        let kept = call.isTraining ? try call.dropout(shares, rate: dropout, noiseShape: nil, seed: seed) : shares
        var attended = try call.einsum(kept, letters.scores, v, letters.key, to: letters.query)
        if let gate { attended = try call.emit(.binary(.multiply), attended, gate) }
        let output = try project(projections.output, attended)
        return returnsScores ? [output, shares] : [output]
    }

    private func repeated(_ x: Value, _ call: LayerCall) throws -> Value {
        repeats == 1 ? x : try call.emit(.repeatElements(axis: 2, count: repeats), x)
    }

    /// The scores as shares of 1 along the last axes. What may not be looked at gets none; where nothing may, Keras 3 gives each value the same
    /// share or, where it has its layer Softmax do it, none.
    private func share(_ scores: Value, _ count: Int, _ allowed: Value?, _ call: LayerCall, isPlain: Bool) throws -> Value {
        let axes = Axes(Array(scores.rank - count..<scores.rank))
        guard let allowed else { return try Softmax(axis: axes).apply(scores, call) }
        var dims = allowed.shape.dims
        while dims.count < scores.rank { dims.insert(1, at: max(0, dims.count - 2 * count)) }
        let mask = try call.reshape(allowed, dims)
        if isPlain && !call.isOfOlderKeras {
            let lowest = scores.dtype == .float16 ? -0.7 * 65504 : -0.7 * Double(Float.greatestFiniteMagnitude)
            return try Softmax(axis: axes).apply(try call.choose(mask, scores, else: lowest), call)
        }
        return try Softmax(axis: axes).masked(scores, mask, call, isRobust: softmaxIsRobust)
    }

    /// `(n, t, s)`: 1 where a query may look at a value; nil if at all.
    private func mask(_ call: LayerCall, _ operands: AttentionOperands<Int>, _ inputs: [Value], isPlain: Bool) throws -> Value? {
        let (t, s) = (inputs[operands.query].shape[1], inputs[operands.value].shape[1])
        var masks: [Value] = []
        if let mask = call.carriedMask(ofInput: operands.query) { masks.append(try call.reshape(mask, mask.shape.dims + [1])) }
        // Keras 3 takes the values' masks by arguments of their own, if they are given.
        let valueMask = try given("value_mask", 4, call, inputs) ?? call.carriedMask(ofInput: operands.value)
        // A key that is not given has none for Keras 3; before, it is the value.
        let keyMask =
            try given("key_mask", 5, call, inputs)
            ?? (operands.keyIsGiven || call.isOfOlderKeras ? call.carriedMask(ofInput: operands.key) : nil)
        for mask in [valueMask, keyMask].compactMap({ $0 }) {
            masks.append(try call.reshape(mask, mask.shape.dims.inserting(1, at: mask.rank - 1)))
        }
        if call.keywords.isSet("use_causal_mask") { masks.append(try call.causalMask(t, s)) }
        if let slidingWindow { masks.append(try call.slidingMask(t, s, window: slidingWindow)) }
        if let mask = try given("attention_mask", call.isOfOlderKeras ? 3 : 6, call, inputs, isRaw: call.isOfOlderKeras && masks.isEmpty) {
            masks.append(mask)
        }
        if halvesMasks, masks.count == 1, !isPlain, let alone = try halved("attention_mask", 6, call, inputs) { return alone }
        guard let first = masks.first else { return nil }
        return try masks.dropFirst().reduce(first) { try call.allOf($0, $1) }
    }

    /// - Parameter isRaw: Before Keras 3 a mask that is joined with no other is looked at as it is: 0.25 masks a little.
    private func given(_ name: String, _ position: Int, _ call: LayerCall, _ inputs: [Value], isRaw: Bool = false) throws -> Value? {
        let position = call.arguments.positional.count > 1 ? position : nil
        guard let mask = call.arguments.tensor(name, at: position).map({ inputs[$0] }) else { return nil }
        guard isRaw else { return try call.isNot(0, mask) }
        let numbers = try call.cast(mask, .float32)
        return softmaxIsRobust ? try call.emit(.binary(.greater), numbers, try call.mask([0.5], [])) : numbers
    }

    /// A mask whose numbers count from a half on.
    private func halved(_ name: String, _ position: Int, _ call: LayerCall, _ inputs: [Value]) throws -> Value? {
        let position = call.arguments.positional.count > 1 ? position : nil
        guard let mask = call.arguments.tensor(name, at: position).map({ inputs[$0] }) else { return nil }
        return try call.emit(.binary(.greater), try call.cast(mask, .float32), try call.mask([0.5], []))
    }

    /// The query's.
    public func masks(_ inputs: [Value], _ outputs: [Value], _ call: LayerCall) throws -> [Value?] {
        let query = try call.arguments.attention(Array(inputs.indices)).query
        return outputs.indices.map { $0 == 0 ? call.carriedMask(ofInput: query) : nil }
    }

    public var softmaxIsRobust: Bool { false }
    public var halvesMasks: Bool { false }
    public var repeats: Int { 1 }

    /// A projection with the settings of this layer.
    func projection(
        _ base: LayerBase, _ name: String, free: Int, bound: Int, to sizes: [Int], _ settings: (inout EinsumDense) -> Void
    ) -> EinsumDense {
        let letters = Array("abcdefghijklmnopqrstuvwxyz")
        let free = letters[..<min(free, 12)]
        let bound = letters[free.count..<free.count + bound]
        let new = letters[bound.endIndex..<bound.endIndex + min(sizes.count, 8)]
        var layer = EinsumDense(
            "\(String(free + bound)),\(String(bound + new))->\(String(free + new))",
            outputShape: Array(repeating: nil, count: max(free.count - 1, 0)) + sizes, biasAxes: useBias ? String(new) : nil)
        layer.base = base
        layer.base.name = name
        layer.base.dtype = self.base.dtype
        layer.base.dialect = self.base.dialect
        layer.isPart = true
        layer.base.addsBiasAsTensorFlow = self.base.addsBiasAsTensorFlow
        settings(&layer)
        return layer
    }
}

/// The axes of queries, keys and scores by letters.
private struct AttentionLetters {
    let query: [Character]
    let key: [Character]
    let scores: [Character]

    init(rank: Int, axes: [Int]) {
        let letters = Array("abcdefghijklmnopqrstuvwxyz")
        query = Array(letters[..<rank])
        var key = query
        for (index, axis) in axes.enumerated() { key[axis] = letters[rank + index] }
        self.key = key
        let batch = query.indices.filter { !axes.contains($0) && $0 != rank - 1 }
        scores = batch.map { letters[$0] } + axes.map { letters[$0] } + axes.map { key[$0] }
    }
}
