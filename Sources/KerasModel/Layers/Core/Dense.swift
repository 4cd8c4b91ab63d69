import JSON
import Tensors

/// `y = activation(x · kernel + bias)` along the last axis: `(n, …, k)` → `(n, …, units)`.
public struct Dense: Layer {
    public static let className = "Dense"
    public static let blank = Dense(0)
    public static let maskUse = MaskUse.passes
    public static let keys: [ConfigKey<Dense>] =
        [
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
        ] + Adapter.keys(at: \.adapter)

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
    var adapter = Adapter()

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
        let bias =
            useBias ? [try WeightSpec("bias", [units], biasInitializer, regularizer: biasRegularizer, constraint: biasConstraint)] : []
        if base.dtype.isInt8 { return try Int8.kernel("kernel", [features, units], scale: [units]) + bias }
        return [adapter.adapted(kernel)] + bias + (try adapter.weights(of: kernel))
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
        let x = try call.cast(inputs[0], call.computeType)
        if base.dtype.isInt8 {
            let product = try Int8.product(x, axes: [x.rank - 1], quantizationConfig, call) { x in
                try call.emit(.matrixMultiply, x, try call.weight("kernel"))
            } aligned: {
                $0
            }
            let biased = useBias ? try call.emit(.binary(.add), product, try call.weight("bias")) : product
            return [try activation.lower(biased, call)]
        }
        var operands = [x, try adapter.weight("kernel", call)]
        if useBias { operands.append(try call.weight("bias")) }
        return [try activation.lower(try call.emit(.matrixMultiply, operands), call)]
    }
}
