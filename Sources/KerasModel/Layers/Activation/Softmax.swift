import Tensors

/// `eˣ / Σ eˣ` along an axis, or over several together: `(n, …)` → `(n, …)`.
public struct Softmax: ActivationLayer {
    public static let className = "Softmax"
    public static let blank = Softmax()
    /// What is masked gets no share.
    public static let maskUse = MaskUse.uses
    public static let keys: [ConfigKey<Softmax>] = [.key("axis", \.axis)]

    public var base = LayerBase()
    public var axis: Axes = -1

    public init(axis: Axes = -1, name: String? = nil) {
        self.axis = axis
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        for input in inputs { _ = try axis.resolved(in: input) }
        return inputs
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { try relaid(move, inputs[0], \.axis) }

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
