import JSON
import Tensors

/// Layers one after the other, as one layer.
public struct Pipeline: Layer {
    public static let className = "Pipeline"
    public static let dialects: Set<Dialect> = [.keras3]
    public static let blank = Pipeline([])
    public static let castsInputs = false
    public static let writesInputShape = false
    public static let maskUse = MaskUse.passes
    public static let commonKeys: [ConfigKey<Pipeline>] = []
    public static let keys: [ConfigKey<Pipeline>] = [.required("layers", \.held), .key("name", \.base.name)]

    public var base = LayerBase()
    private var held: [HeldLayer]

    public var layers: [any Layer] {
        get { held.map(\.layer) }
        set { held = newValue.map(HeldLayer.init) }
    }

    public init(_ layers: [any Layer], name: String? = nil) {
        held = layers.map(HeldLayer.init)
        base.name = name
    }

    public var children: [ChildLayer] { layers.map { ChildLayer(in: "layers", $0) } }

    public func withChildren(_ change: (any Layer) throws -> any Layer) throws -> Pipeline {
        var copy = self
        copy.layers = try layers.map(change)
        return copy
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] { try layers.reduce(inputs) { try $1.outputShapes($0) } }

    public func build(_ inputs: [SymbolicShape], _ builder: inout ModelBuilder) throws -> [SymbolicShape] {
        try layers.reduce(inputs) { try builder.build($1, $0) }
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        try lowerWithMasks(inputs.enumerated().map { MaskedValue($1, mask: call.carriedMask(ofInput: $0)) }, call).map(\.value)
    }

    public func lowerWithMasks(_ inputs: [MaskedValue], _ call: LayerCall) throws -> [MaskedValue] {
        try layers.reduce(inputs) { try call.lower($1, $0) }
    }
}
