import Tensors

/// The mean of its inputs: `(n, …)` each, broadcast → `(n, …)`.
public struct Average: ElementwiseMerge {
    public static let className = "Average"
    public static let blank = Average()
    public static let keys: [ConfigKey<Average>] = []
    public static let operation = Binary.add

    public var base = LayerBase()

    public init(name: String? = nil) { base.name = name }

    public func finish(_ merged: Value, of count: Int, _ call: LayerCall) throws -> Value {
        try call.emit(.binary(.divide), merged, try call.constant([Double(count)], shape: Shape([])))
    }
}
