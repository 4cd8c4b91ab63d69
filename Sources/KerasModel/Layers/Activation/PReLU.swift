import Tensors

/// `x < 0 → alpha · x`, else x, with a learnt alpha for each place but those along `sharedAxes`: `(n, …)` → `(n, …)`.
public struct PReLU: Layer {
    public static let className = "PReLU"
    public static let blank = PReLU()
    public static let maskUse = MaskUse.passes
    public static let keys: [ConfigKey<PReLU>] = [
        .key("alpha_initializer", \.alphaInitializer),
        .key("alpha_regularizer", \.alphaRegularizer),
        .key("alpha_constraint", \.alphaConstraint),
        .key("shared_axes", \.sharedAxes),
    ]

    public var base = LayerBase()
    public var alphaInitializer = Initializer.zeros
    public var alphaRegularizer: Regularizer?
    public var alphaConstraint: Constraint?
    /// Counted from 1, the first axis after the batch.
    public var sharedAxes: [Int]?

    public init(
        alphaInitializer: Initializer = .zeros, alphaRegularizer: Regularizer? = nil, alphaConstraint: Constraint? = nil,
        sharedAxes: [Int]? = nil, name: String? = nil
    ) {
        self.alphaInitializer = alphaInitializer
        self.alphaRegularizer = alphaRegularizer
        self.alphaConstraint = alphaConstraint
        self.sharedAxes = sharedAxes
        base.name = name
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let shared = try (sharedAxes ?? []).map(inputs[0].axis)
        guard !shared.contains(0) else { throw KerasError(.mismatch, "PReLU cannot share along the batch", found: "\(sharedAxes ?? [])") }
        let shape = try inputs[0].dims.indices.dropFirst().map { shared.contains($0) ? 1 : try inputs[0].known($0) }
        return [try WeightSpec("alpha", shape, alphaInitializer, regularizer: alphaRegularizer, constraint: alphaConstraint)]
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        var copy = self
        copy.sharedAxes = try sharedAxes.map { try $0.map { try move.axis($0, of: inputs[0]) }.sorted() }
        // Alpha has the input's axes but the batch.
        let axes = move.order(rank: inputs[0].rank).dropFirst().map { $0 - 1 }
        return .either(copy, transposing: [WeightTransposition(index: 0, axes: axes)])
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        [try call.emit(.binary(.prelu), inputs[0], try call.weight("alpha"))]
    }
}
