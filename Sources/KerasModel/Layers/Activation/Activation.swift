import Tensors

/// A function of every number, or along the last axis: `(n, …)` → `(n, …)`.
public struct Activation: ActivationLayer {
    public static let className = "Activation"
    public static let writesInputShape = false
    public static let blank = Activation(.linear)
    public static let keys: [ConfigKey<Activation>] = [.required("activation", \.activation)]

    public var base = LayerBase()
    public var activation: ActivationFunction

    public init(_ activation: ActivationFunction, name: String? = nil) {
        self.activation = activation
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] { inputs.map(activation.outputShape) }
    public func apply(_ x: Value, _ call: LayerCall) throws -> Value { try activation.lower(x, call) }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        guard activation != .softmax else {
            var layer = Softmax(axis: Axes(try move.axis(-1, of: inputs[0])))
            layer.base = base
            return .either(layer)
        }
        return activation.isPointwise ? .either(self) : .fixed
    }
}
