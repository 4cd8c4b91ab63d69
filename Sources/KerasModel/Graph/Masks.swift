import JSON
import Tensors

/// A value and the mask it carries.
public struct MaskedValue: Sendable {
    public var value: Value
    /// 1 for what counts and 0 for what does not, in float32; `(n, t)` for values `(n, t, …)` as a rule. nil if all of it counts.
    public var mask: Value?

    public init(_ value: Value, mask: Value? = nil) {
        self.value = value
        self.mask = mask
    }
}

extension Layer {
    /// By what ``maskUse`` says: the first output carries the mask of the first input, the second that of the second.
    public func masks(_ inputs: [Value], _ outputs: [Value], _ call: LayerCall) throws -> [Value?] {
        outputs.indices.map { Self.maskUse == .passes ? call.carriedMask(ofInput: $0) : nil }
    }

    public func lowerWithMasks(_ inputs: [MaskedValue], _ call: LayerCall) throws -> [MaskedValue] {
        let values = inputs.map(\.value)
        let outputs = try lower(values, call)
        return zip(outputs, try masks(values, outputs, call)).map(MaskedValue.init)
    }
}

extension LayerCall {
    /// The mask that the layer computes with. Keras 3 shows it to a layer whose call takes tensors by one argument alone, unless it is given as
    /// `mask`: an LSTM with initial states does not see the mask of its steps.
    public func mask(ofInput index: Int) -> Value? { seesMasks ? carriedMask(ofInput: index) : nil }

    /// The mask that an input carries, whether the layer sees it or not: what it hands on.
    public func carriedMask(ofInput index: Int) -> Value? { masks.indices.contains(index) ? masks[index] : nil }

    /// `x` where the mask has 1, else `other`. The mask broadcasts against `x`.
    func choose(_ mask: Value, _ x: Value, else other: Double = 0) throws -> Value {
        let kept = try emit(.binary(.gate), x, try cast(mask, x.dtype))
        guard other != 0 else { return kept }
        return try emit(.binary(.add), kept, try emit(.unary(.affine(scale: -other, offset: other)), try cast(mask, x.dtype)))
    }

    /// `x` where the mask has 1, else `other`, both of the mask's shape.
    func choose(_ mask: Value, _ x: Value, else other: Value) throws -> Value {
        let mask = try cast(mask, x.dtype)
        let rest = try emit(.unary(.affine(scale: -1, offset: 1)), mask)
        return try emit(.binary(.add), try emit(.binary(.gate), x, mask), try emit(.binary(.gate), other, rest))
    }

    /// `x` less a large number where the mask has 0.
    func lowered(_ mask: Value, _ x: Value, by low: Double) throws -> Value {
        try emit(.binary(.add), x, try emit(.unary(.affine(scale: -low, offset: low)), try cast(mask, x.dtype)))
    }

    /// What Keras takes for minus infinity.
    static func lowest(_ type: DType, half: Double) -> Double { type == .float16 ? half : -1e9 }

    /// 1 where `x` is not this number, else 0, in float32.
    func isNot(_ number: Double, _ x: Value) throws -> Value {
        let numbers = x.dtype.isFloatingPoint ? x : try cast(x, .float32)
        let other = lowering.graph.constant(try Tensor([number], shape: []).converted(to: numbers.dtype))
        return try cast(try emit(.binary(.notEqual), numbers, other), .float32)
    }

    /// A mask that is known.
    func mask(_ scalars: [Double], _ shape: Shape) throws -> Value {
        lowering.graph.constant(try Tensor(scalars, shape: shape).converted(to: .float32))
    }

    func broadcast(_ x: Value, _ shape: Shape) throws -> Value { x.shape == shape ? x : try emit(.broadcast(shape), x) }

    /// Both, or either.
    func allOf(_ a: Value, _ b: Value) throws -> Value { try emit(.binary(.minimum), a, b) }
    func anyOf(_ a: Value, _ b: Value) throws -> Value { try emit(.binary(.maximum), a, b) }

    /// The call of a layer held inside.
    public func lower(_ child: any Layer, _ inputs: [MaskedValue], keywords: JSONObject = [:]) throws -> [MaskedValue] {
        try lowering.lower(
            child, inputs, path: child.name.isEmpty ? path : "\(path)/\(child.name)", arguments: CallArguments(count: inputs.count),
            givenMasks: nil,
            keywords: keywords)
    }
}
