import JSON
import Tensors

/// A layer whose kernel each step of training divides by its largest singular value before anything reads it; predicting, the layer as it is.
/// Source: `keras.src.layers.normalization.spectral_normalization`.
public struct SpectralNormalization: Layer {
    public static let className = "SpectralNormalization"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = SpectralNormalization(Dense(0))
    public static let castsInputs = false
    public static let keys: [ConfigKey<SpectralNormalization>] = [
        .required("layer", \.held),
        .key("power_iterations", \.powerIterations),
    ]

    public var base = LayerBase()
    private var held: HeldLayer
    /// How often the singular vector is brought nearer at each step.
    public var powerIterations = 1

    /// The layer whose kernel it is.
    public var layer: any Layer {
        get { held.layer }
        set { held.layer = newValue }
    }

    public init(_ layer: any Layer, powerIterations: Int = 1, name: String? = nil) {
        held = HeldLayer(layer.name.isEmpty ? layer.named(Architecture.snakeCase(layer.typeName)) : layer)
        self.powerIterations = powerIterations
        base.name = name
    }

    public var children: [ChildLayer] { [ChildLayer("layer", layer)] }
    public var namesOfHeldWeights: [String] { ["kernel", "embeddings"] }

    public func withChildren(_ change: (any Layer) throws -> any Layer) throws -> SpectralNormalization {
        var copy = self
        copy.layer = try change(layer)
        return copy
    }

    /// `vector_u (1, f)`: a row as long as the kernel's last axis.
    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        guard let kernel = try layer.weights(inputs).first(where: { $0.name == "kernel" || $0.name == "embeddings" }) else {
            throw KerasError(.mismatch, "a layer without a kernel is not normalized", at: Place(key: "layer"), found: layer.typeName)
        }
        let initializer = Initializer(className: "TruncatedNormal", config: ["mean": 0.0, "stddev": 0.02, "seed": nil])
        return [try WeightSpec("vector_u", [1, kernel.shape.dims.last ?? 1], initializer, isTrainable: false)]
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] { try layer.outputShapes(inputs) }

    public func build(_ inputs: [SymbolicShape], _ builder: inout ModelBuilder) throws -> [SymbolicShape] {
        builder.register(try weights(inputs), of: self)
        return try builder.build(layer, inputs)
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        if call.isTraining { try normalize(call) }
        return try call.lower(layer, [MaskedValue(inputs[0])]).map(\.value)
    }

    /// Puts the kernel, read as `(rows, f)`, divided by `v · kernel · uᵀ` in the kernel's place, after `powerIterations` of
    /// `v = normalized(u · kernelᵀ)`, `u = normalized(v · kernel)`. Like Keras, it lets the gradient end at the quotient, which the
    /// optimizer moves.
    private func normalize(_ call: LayerCall) throws {
        let held = call.held(layer, as: "layer")
        guard let name = ["kernel", "embeddings"].first(where: held.hasWeight), !layer.base.dtype.isInt8 else {
            throw KerasError(.unsupported, "a kernel of 8 bits is not normalized in training", at: Place(key: "layer"))
        }
        let type = layer.base.dtype.variable
        let kernel = try held.weight(name, as: type)
        let width = kernel.shape.dims.last ?? 1
        let rows = try call.reshape(kernel, [kernel.shape.count / max(width, 1), width])
        let columns = try call.transpose(rows, [1, 0])
        let old = try call.state("vector_u", as: type)
        var (u, v) = (old, old)
        for _ in 0..<powerIterations {
            v = try unit(try call.emit(.matrixMultiply, u, columns), call)
            u = try unit(try call.emit(.matrixMultiply, v, rows), call)
        }
        let sigma = try call.emit(.matrixMultiply, try call.emit(.matrixMultiply, v, rows), try call.transpose(u, [1, 0]))
        // A kernel of zeros stays as it is, and so does the vector.
        let all = Array(0..<kernel.rank)
        let largest = try call.emit(.reduce(.max, axes: all, keepDims: false), try call.emit(.unary(.abs), kernel))
        let isZero = try call.emit(.binary(.equal), largest, try call.cast(try call.constant([0], shape: []), type))
        let divisor = try call.emit(.binary(.add), try call.reshape(sigma, []), isZero)
        try call.update("vector_u", to: try call.choose(try call.broadcast(isZero, old.shape), old, else: u))
        try held.replace(name, by: try call.emit(.binary(.divide), kernel, divisor))
    }

    /// Divided by its length. Keras 3 bounds the divisor by 1e-7, tf.keras its square by 1e-12.
    private func unit(_ x: Value, _ call: LayerCall) throws -> Value {
        let square = try call.emit(.reduce(.sumOfSquares, axes: [0, 1], keepDims: true), x)
        guard call.isOfOlderKeras else {
            let inverse = try call.emit(.unary(.clamp(low: -.infinity, high: 1e7)), try call.emit(.unary(.rsqrt), square))
            return try call.emit(.binary(.multiply), x, inverse)
        }
        let bounded = try call.emit(.unary(.clamp(low: 1e-12, high: .infinity)), square)
        return try call.emit(.binary(.multiply), x, try call.emit(.unary(.rsqrt), bounded))
    }
}
