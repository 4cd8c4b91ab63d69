import Tensors

/// The largest of several linear functions: `(n, k)` → `(n, outputDim)`. Keras 1 has it, and Keras 2 in its words.
public struct MaxoutDense: Layer {
    public static let className = "MaxoutDense"
    public static let dialects: Set<Dialect> = [.keras2]
    public static let blank = MaxoutDense(0, 0)
    public static let keys: [ConfigKey<MaxoutDense>] = [
        .required("output_dim", \.outputDim),
        .key("init", \.initializer),
        .required("nb_feature", \.featureCount),
        .key("W_regularizer", \.kernelRegularizer),
        .key("b_regularizer", \.biasRegularizer),
        .key("activity_regularizer", \.activityRegularizer),
        .key("W_constraint", \.kernelConstraint),
        .key("b_constraint", \.biasConstraint),
        .key("bias", \.useBias),
        .key("input_dim", \.inputDim),
    ]

    public var base = LayerBase()
    public var outputDim: Int
    /// How many functions. Keras: `nb_feature`.
    public var featureCount: Int
    public var initializer = Initializer.glorotUniform
    public var useBias = true
    public var kernelRegularizer: Regularizer?
    public var biasRegularizer: Regularizer?
    public var activityRegularizer: Regularizer?
    public var kernelConstraint: Constraint?
    public var biasConstraint: Constraint?
    var inputDim: Int?

    public init(_ outputDim: Int, _ featureCount: Int = 4, name: String? = nil) {
        (self.outputDim, self.featureCount) = (outputDim, featureCount)
        base.name = name
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let features = try inputs[0].known(1)
        let kernel = try WeightSpec(
            "kernel", [featureCount, features, outputDim], initializer, regularizer: kernelRegularizer, constraint: kernelConstraint)
        let bias = try WeightSpec("bias", [featureCount, outputDim], .zeros, regularizer: biasRegularizer, constraint: biasConstraint)
        return useBias ? [kernel, bias] : [kernel]
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try onlyInput(inputs)
        try input.check(rank: 2)
        try checkExtents([outputDim, featureCount], rank: 2, key: "output_dim")
        return [SymbolicShape([input[0], outputDim])]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let x = try call.cast(inputs[0], call.computeType)
        let width = featureCount * outputDim
        // (f, k, o) → (k, f·o)
        let kernel = try call.reshape(try call.transpose(try call.weight("kernel"), [1, 0, 2]), [x.shape[1], width])
        var operands = [x, kernel]
        if useBias { operands.append(try call.reshape(try call.weight("bias"), [width])) }
        let sums = try call.reshape(try call.emit(.matrixMultiply, operands), [x.shape[0], featureCount, outputDim])
        return [try call.emit(.reduce(.max, axes: [1], keepDims: false), sums)]
    }
}
