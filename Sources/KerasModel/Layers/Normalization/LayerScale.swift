import Tensors

/// Each channel by a weight of its own, as ConvNeXt does after a block: `(n, …, c)` → `(n, …, c)`.
///
/// Source: `keras.applications.convnext.LayerScale`, which files of both Kerases hold. It is not one of `keras.layers`: Keras 3 finds it by its
/// module, and where none stands, as in an `.h5`, or in tf_keras, who loads the file gives it in `custom_objects`.
public struct LayerScale: Layer {
    public static let className = "LayerScale"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = LayerScale(1e-6, dimension: 0)
    public static let keys: [ConfigKey<LayerScale>] = [
        .required("init_values", \.initialValue),
        .required("projection_dim", \.dimension),
    ]

    public var base = LayerBase()
    public var initialValue: Double
    /// The channels.
    public var dimension: Int

    public init(_ initialValue: Double, dimension: Int, name: String? = nil) {
        self.initialValue = initialValue
        self.dimension = dimension
        base.name = name
    }

    public var written: WrittenClass {
        base.written ?? WrittenClass(Self.className, module: "keras.src.applications.convnext", registeredName: Self.className)
    }

    public func check(outputs: [SymbolicShape], for context: EncodingContext) throws {
        guard context.readers != [.keras3] || context.isHDF5 else { return }
        guard context.isUniversal else {
            context.notes?.add("\(context.reader) loads LayerScale from such a file with custom_objects={'LayerScale': …} alone")
            return
        }
        throw KerasError(
            .unsupported, "no Keras finds this layer by its name: it is one of keras.applications", at: Place(layer: name),
            found: Self.className, expected: "a .keras of Keras 3")
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        try checkExtents([dimension], rank: 1, key: "projection_dim")
        return [try WeightSpec("gamma", [dimension], .constant(initialValue))]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        [try call.emit(.binary(.multiply), inputs[0], try call.weight("gamma"))]
    }
}
