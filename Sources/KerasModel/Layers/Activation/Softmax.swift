import JSON
import Tensors

/// `eˣ / Σ eˣ` along an axis, or over several together: `(n, …)` → `(n, …)`.
public struct Softmax: ActivationLayer {
    public static let className = "Softmax"
    public static let writesInputShape = false
    public static let callKeywords: JSONObject = ["mask": nil]
    public static let blank = Softmax()
    public static let keys: [ConfigKey<Softmax>] = [
        .key("axis", \.axis),
        // Keras 3 has no other way.
        .key("robust_masking", \.robustMasking, in: [.tfKeras]).written { layer, _ in layer.robustMasking },
    ]

    public var base = LayerBase()
    public var axis: Axes = -1
    /// Whether what is masked is put in the place of a number or added to it, before Keras 3.
    var robustMasking = false

    public init(axis: Axes = -1, name: String? = nil) {
        self.axis = axis
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        for input in inputs { _ = try axis.resolved(in: input) }
        return inputs
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { try relaid(move, inputs[0], \.axis) }

    /// What is masked gets no share.
    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let x = try call.cast(inputs[0], call.computeType)
        guard let mask = call.mask(ofInput: 0) else { return [try apply(x, call)] }
        return [try masked(x, mask, call, isRobust: robustMasking)]
    }

    /// - Parameter isRobust: see ``robustMasking``.
    func masked(_ x: Value, _ mask: Value, _ call: LayerCall, isRobust: Bool) throws -> Value {
        guard try Shape.broadcast(mask.shape, x.shape) == x.shape else {
            throw KerasError(.mismatch, "a mask does not fit what it masks", found: "\(mask.shape) for \(x.shape)")
        }
        if call.isOfOlderKeras {
            let low = LayerCall.lowest(x.dtype, half: -65504)
            return try apply(isRobust ? try call.choose(mask, x, else: low) : try call.lowered(mask, x, by: low), call)
        }
        // Where all is masked nothing is left of an even distribution.
        return try call.choose(mask, try apply(try call.choose(mask, x, else: LayerCall.lowest(x.dtype, half: -3e4)), call))
    }

    public func apply(_ x: Value, _ call: LayerCall) throws -> Value {
        let axes = try axis.resolved(in: SymbolicShape(x.shape))
        guard axes.count != 1 else { return try call.emit(.softmax(axis: axes[0]), x) }
        // The axes go to the end and become one.
        let order = (0..<x.rank).filter { !axes.contains($0) } + axes
        let moved = try call.transpose(x, order)
        let kept = moved.shape.dims.dropLast(axes.count)
        let together = try call.reshape(moved, kept + [moved.shape.dims.suffix(axes.count).reduce(1, *)])
        let shares = try call.emit(.softmax(axis: together.rank - 1), together)
        let back = (0..<x.rank).map { axis in order.firstIndex(of: axis)! }
        return try call.transpose(try call.reshape(shares, moved.shape.dims), back)
    }
}
