import Tensors

/// A Dense through a gate, round which what does not pass goes as it is: `(n, k)` → `(n, k)`. Keras 1 has it, and Keras 2 in its words.
public struct Highway: Layer {
    public static let className = "Highway"
    public static let dialects: Set<Dialect> = [.keras2]
    public static let blank = Highway()
    public static let keys: [ConfigKey<Highway>] = [
        .key("init", \.initializer),
        .key("activation", \.activation),
        .key("W_regularizer", \.kernelRegularizer),
        .key("b_regularizer", \.biasRegularizer),
        .key("activity_regularizer", \.activityRegularizer),
        .key("W_constraint", \.kernelConstraint),
        .key("b_constraint", \.biasConstraint),
        .key("bias", \.useBias),
        .key("input_dim", \.inputDim),
    ]

    public var base = LayerBase()
    public var initializer = Initializer.glorotUniform
    public var activation = ActivationFunction.linear
    public var useBias = true
    public var kernelRegularizer: Regularizer?
    public var biasRegularizer: Regularizer?
    public var activityRegularizer: Regularizer?
    public var kernelConstraint: Constraint?
    public var biasConstraint: Constraint?
    var inputDim: Int?

    public init(activation: ActivationFunction = .linear, name: String? = nil) {
        self.activation = activation
        base.name = name
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let features = try inputs[0].known(1)
        let shape = [features, features]
        var specs = [
            try WeightSpec("kernel", shape, initializer, regularizer: kernelRegularizer, constraint: kernelConstraint),
            try WeightSpec("carry_kernel", shape, initializer),
        ]
        if useBias {
            specs.append(try WeightSpec("bias", [features], .zeros, regularizer: biasRegularizer, constraint: biasConstraint))
            specs.append(try WeightSpec("carry_bias", [features], .ones))
        }
        return specs
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try onlyInput(inputs)
        try input.check(rank: 2)
        return [input]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let x = try call.cast(inputs[0], call.computeType)
        func dense(_ kernel: String, _ bias: String) throws -> Value {
            var operands = [x, try call.weight(kernel)]
            if useBias { operands.append(try call.weight(bias)) }
            return try call.emit(.matrixMultiply, operands)
        }
        let gate = try call.emit(.unary(.sigmoid), try dense("carry_kernel", "carry_bias"))
        let passed = try call.emit(.binary(.multiply), try activation.lower(try dense("kernel", "bias"), call), gate)
        let kept = try call.emit(.binary(.multiply), try call.emit(.unary(.affine(scale: -1, offset: 1)), gate), x)
        return [try call.emit(.binary(.add), passed, kept)]
    }
}
