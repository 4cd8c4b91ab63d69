import JSON
import Tensors

/// A layer whose kernel training divides by its largest singular value; predicting, the layer as it is.
public struct SpectralNormalization: Layer {
    public static let className = "SpectralNormalization"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = SpectralNormalization(Dense(0))
    public static let trains = false
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
        guard !call.isTraining else {
            throw KerasError(.unsupported, "kernels are not normalized in training yet", found: Self.className)
        }
        return try call.lower(layer, [MaskedValue(inputs[0])]).map(\.value)
    }
}
