import JSON
import Tensors

/// A model as a layer: what a file's root is, and what stands nested in another model. Its configuration is read and written by the format room,
/// since node references are a dialect's matter.
public struct ModelLayer: Layer {
    public static let className = "Functional"
    public static let callKeywords: JSONObject = ["mask": nil]
    public static let keys: [ConfigKey<ModelLayer>] = []
    public static var blank: ModelLayer {
        ModelLayer(Architecture(functional: "", layers: [], calls: [:], inputs: .list([]), outputs: .list([])))
    }
    public static let inputCount = 0...Int.max
    public static let maskUse = MaskUse.passes
    public static let castsInputs = false

    public var base = LayerBase()
    public var architecture: Architecture

    public init(_ architecture: Architecture) {
        self.architecture = architecture
        base.name = architecture.name
    }

    public var typeName: String { architecture.kind == .sequential ? "Sequential" : "Functional" }
    public var children: [ChildLayer] { architecture.layers.map { ChildLayer(in: "layers", $0) } }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        var builder = ModelBuilder()
        return try build(inputs, &builder)
    }

    public func build(_ inputs: [SymbolicShape], _ builder: inout ModelBuilder) throws -> [SymbolicShape] {
        try builder.build(architecture, owner: id, inputs: inputs)
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        try lowerWithMasks(inputs.map { MaskedValue($0) }, call).map(\.value)
    }

    public func lowerWithMasks(_ inputs: [MaskedValue], _ call: LayerCall) throws -> [MaskedValue] {
        try call.lowering.lower(self, inputs, path: call.path)
    }
}
