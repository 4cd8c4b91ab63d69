/// Gradient descent, with momentum or without. Keras: `SGD`.
public struct SGD: OptimizerAlgorithm {
    public static let names = FunctionNames("SGD", "sgd")
    public static let keys: [ConfigKey<SGD>] = [
        .key("momentum", \.momentum),
        .key("nesterov", \.nesterov),
    ]
    public static let learningRate = 0.01
    public var momentum = 0.0
    public var nesterov = false

    public init() {}

    public init(momentum: Double = 0, nesterov: Bool = false) {
        self.momentum = momentum
        self.nesterov = nesterov
    }

    public var slots: [OptimizerSlot] { momentum == 0 ? [] : [OptimizerSlot("momentum")] }
}
