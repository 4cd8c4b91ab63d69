import JSON
import Tensors

/// The base of layers that hold another. By itself it hands on what comes in, as tf_keras's does, whatever it holds; Keras 3's has no call.
public struct Wrapper: Layer {
    public static let className = "Wrapper"
    public static let dialects: Set<Dialect> = [.tfKeras]
    public static let blank = Wrapper(Dense(0))
    public static let castsInputs = false
    public static let keys: [ConfigKey<Wrapper>] = [.required("layer", \.held)]

    public var base = LayerBase()
    private var held: HeldLayer

    public var layer: any Layer {
        get { held.layer }
        set { held.layer = newValue }
    }

    public init(_ layer: any Layer, name: String? = nil) {
        held = HeldLayer(layer)
        base.name = name
    }

    public var children: [ChildLayer] { [ChildLayer("layer", layer)] }

    public func withChildren(_ change: (any Layer) throws -> any Layer) throws -> Wrapper {
        var copy = self
        copy.layer = try change(layer)
        return copy
    }

    public func build(_ inputs: [SymbolicShape], _ builder: inout ModelBuilder) throws -> [SymbolicShape] {
        _ = try builder.build(layer, inputs)
        return inputs
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] { inputs }
}
