import JSON
import Tensors

/// `y = activation(x · kernel + bias)` along the last axis: `(n, …, k)` → `(n, …, units)`.
public struct Dense: Layer {
    public static let className = "Dense"
    public static let blank = Dense(0)
    public static let maskUse = MaskUse.passes
    public static let keys: [ConfigKey<Dense>] = [
        // Keras 3 leaves it out where there is none.
        .key("activity_regularizer", \.activityRegularizer, in: [.keras3]).written { layer, _ in layer.activityRegularizer != nil },
        .required("units", \.units),
        .key("activation", \.activation),
        .key("use_bias", \.useBias),
        .key("kernel_initializer", \.kernelInitializer),
        .key("bias_initializer", \.biasInitializer),
        .key("kernel_regularizer", \.kernelRegularizer),
        .key("bias_regularizer", \.biasRegularizer),
        .key("activity_regularizer", \.activityRegularizer, in: Dialect.older),
        .key("kernel_constraint", \.kernelConstraint),
        .key("bias_constraint", \.biasConstraint),
        .key("quantization_config", \.quantizationConfig, in: [.keras3]),
    ]

    public var base = LayerBase()
    public var units: Int
    public var activation = ActivationFunction.linear
    public var useBias = true
    public var kernelInitializer = Initializer.glorotUniform
    public var biasInitializer = Initializer.zeros
    public var kernelRegularizer: Regularizer?
    public var biasRegularizer: Regularizer?
    public var activityRegularizer: Regularizer?
    public var kernelConstraint: Constraint?
    public var biasConstraint: Constraint?
    var quantizationConfig: JSON?

    public init(
        _ units: Int, activation: ActivationFunction = .linear, useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros, kernelRegularizer: Regularizer? = nil, name: String? = nil
    ) {
        self.units = units
        self.activation = activation
        self.useBias = useBias
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        self.kernelRegularizer = kernelRegularizer
        base.name = name
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let features = try inputs[0].known(inputs[0].rank - 1)
        let kernel = try WeightSpec(
            "kernel", [features, units], kernelInitializer, regularizer: kernelRegularizer, constraint: kernelConstraint)
        return useBias
            ? [kernel, try WeightSpec("bias", [units], biasInitializer, regularizer: biasRegularizer, constraint: biasConstraint)]
            : [kernel]
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        guard let input = inputs.first, input.rank >= 2 else {
            throw KerasError(
                .mismatch, "Dense takes one input of at least two axes", found: inputs.map(\.description).joined(separator: ", "))
        }
        guard units > 0 else {
            throw KerasError(.malformed, "a layer needs units", at: Place(key: "units"), found: "\(units)", expected: "at least 1")
        }
        return [activation.outputShape(SymbolicShape(input.dims.dropLast() + [units]))]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        var operands = [try call.cast(inputs[0], call.computeType), try call.weight("kernel")]
        if useBias { operands.append(try call.weight("bias")) }
        return [try activation.lower(try call.emit(.matrixMultiply, operands), call)]
    }
}
