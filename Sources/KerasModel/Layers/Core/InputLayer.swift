import JSON
import Tensors

/// Where data enters a model.
public struct InputLayer: Layer {
    public static let className = "InputLayer"
    public static let writesInputShape = false
    public static let blank = InputLayer(batchShape: [])
    public static let maskUse = MaskUse.passes
    public static let commonKeys: [ConfigKey<InputLayer>] = []
    public static let keys: [ConfigKey<InputLayer>] = [
        .required("batch_shape", \.batchShape, names: [.keras2: "batch_input_shape", .tfKeras: "batch_input_shape"]),
        .key("dtype", \.base.plainDType),
        .key("sparse", \.sparse),
        .key("ragged", \.ragged, in: [.tfKeras, .keras3]),
        .key("name", \.base.name),
        .key("optional", \.optional, in: [.tfKeras, .keras3]).written { $1.namesModules },
    ]

    public var base = LayerBase()
    public var sparse = false
    public var ragged = false
    public var optional = false

    public init(batchShape: SymbolicShape, name: String? = nil, dtype: DTypePolicy = .float32) {
        base.batchShape = batchShape
        base.name = name
        base.dtype = dtype
    }

    /// `(n, …)`; the batch is usually open.
    public var batchShape: SymbolicShape {
        get { base.batchShape ?? [] }
        set { base.batchShape = newValue }
    }

    public func outputShapes(_ inputs: [SymbolicShape]) -> [SymbolicShape] { [batchShape] }
    public func lower(_ inputs: [Value], _ call: LayerCall) -> [Value] { inputs }

    /// What the runtime is given: floating point as it is, whole numbers and truth values as int32.
    package var valueType: DType { base.dtype.compute.isFloatingPoint ? base.dtype.compute : .int32 }
}

extension Layer {
    /// The type of the input a Sequential makes for its first layer: Keras gives Embedding's float32 too.
    var inputDType: DTypePolicy { base.dtype.compute == base.dtype.variable ? base.dtype : .float32 }
}

/// `dtype` as a plain name in every dialect, as layers without a policy write it.
struct PlainDType: ConfigValue {
    var policy: DTypePolicy
    init(_ policy: DTypePolicy) { self.policy = policy }
    init(config json: JSON, in context: DecodingContext) throws { policy = try DTypePolicy(config: json, in: context) }
    func config(in context: EncodingContext) -> JSON { .string(policy.name) }
}

extension LayerBase {
    var plainDType: PlainDType {
        get { PlainDType(dtype) }
        set { dtype = newValue.policy }
    }
}
