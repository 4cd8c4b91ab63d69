import Tensors

/// `scale · x + offset`: `(n, …)` → `(n, …)`. Lists go along the last axis.
public struct Rescaling: Layer {
    public static let className = "Rescaling"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = Rescaling(1)
    public static let keys: [ConfigKey<Rescaling>] = [
        .required("scale", \.scale),
        .key("offset", \.offset),
    ]

    public var base = LayerBase()
    public var scale: Numbers
    public var offset = Numbers(0)

    public init(_ scale: Double, offset: Double = 0, name: String? = nil) {
        self.scale = Numbers(scale)
        self.offset = Numbers(offset)
        base.name = name
    }

    public init(_ scale: [Double], offset: [Double] = [0], name: String? = nil) {
        self.scale = Numbers(scale)
        self.offset = offset == [0] ? Numbers(0) : Numbers(offset)
        base.name = name
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        scale.shape.rank == 0 && offset.shape.rank == 0 ? .either(self) : .fixed
    }

    /// Keras 3 alone hands the mask on.
    public func masks(_ inputs: [Value], _ outputs: [Value], _ call: LayerCall) throws -> [Value?] {
        [call.isOfOlderKeras ? nil : call.carriedMask(ofInput: 0)]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let x = try call.cast(inputs[0], call.computeType)
        if scale.shape.rank == 0 && offset.shape.rank == 0 {
            return [try call.emit(.unary(.affine(scale: scale.values[0], offset: offset.values[0])), x)]
        }
        let scaled = try call.emit(.binary(.multiply), x, try call.constant(scale.values, shape: scale.shape))
        return [try call.emit(.binary(.add), scaled, try call.constant(offset.values, shape: offset.shape))]
    }
}
