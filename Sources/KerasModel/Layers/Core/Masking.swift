import Tensors

/// Steps that are `maskValue` all over do not count further on, and become 0: `(n, t, …)` → `(n, t, …)`.
public struct Masking: Layer {
    public static let className = "Masking"
    public static let writesInputShape = false
    public static let blank = Masking()
    public static let keys: [ConfigKey<Masking>] = [.key("mask_value", \.maskValue)]

    public var base = LayerBase()
    public var maskValue = 0.0

    public init(maskValue: Double = 0, name: String? = nil) {
        self.maskValue = maskValue
        base.name = name
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { .fixed }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let type = inputs[0].dtype
        let x = type.isFloatingPoint ? inputs[0] : try call.cast(inputs[0], .float32)
        let counted = try counted(x, call)
        let kept = call.isOfOlderKeras ? try call.emit(.binary(.multiply), x, try call.cast(counted, x.dtype)) : try call.choose(counted, x)
        return [try call.cast(kept, type)]
    }

    public func masks(_ inputs: [Value], _ outputs: [Value], _ call: LayerCall) throws -> [Value?] {
        let counted = try counted(inputs[0], call)
        return [try call.reshape(counted, Array(counted.shape.dims.dropLast()))]
    }

    private func counted(_ x: Value, _ call: LayerCall) throws -> Value {
        guard x.rank > 1 else { throw KerasError(.mismatch, "there are no steps to mask", found: "\(x.shape)") }
        return try call.emit(.reduce(.max, axes: [x.rank - 1], keepDims: true), try call.isNot(maskValue, x))
    }
}
