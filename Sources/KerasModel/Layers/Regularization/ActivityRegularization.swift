import JSON
import Tensors

/// Training adds `l1 · Σ|x| + l2 · Σx²` to the loss; the values pass unchanged: `(n, …)` → `(n, …)`.
public struct ActivityRegularization: TrainingOnly {
    public static let className = "ActivityRegularization"
    public static let callKeywords: JSONObject = [:]
    public static let blank = ActivityRegularization()
    public static let keys: [ConfigKey<ActivityRegularization>] = [
        .key("l1", \.l1),
        .key("l2", \.l2),
    ]

    public var base = LayerBase()
    public var l1 = 0.0
    public var l2 = 0.0

    public init(l1: Double = 0, l2: Double = 0, name: String? = nil) {
        self.l1 = l1
        self.l2 = l2
        base.name = name
    }

    public var activityRegularizer: Regularizer? {
        Regularizer(className: "L1L2", config: ["l1": .float(l1), "l2": .float(l2)])
    }

    public func train(_ x: Value, _ call: LayerCall) throws -> Value { x }
}
