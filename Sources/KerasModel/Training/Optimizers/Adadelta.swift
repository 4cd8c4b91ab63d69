/// Steps as large as the running mean of those before them. Keras: `Adadelta`.
public struct Adadelta: OptimizerAlgorithm {
    public static let names = FunctionNames("Adadelta", "adadelta")
    public static let keys: [ConfigKey<Adadelta>] = [
        .key("rho", \.rho),
        .key("epsilon", \.epsilon),
    ]
    public var rho = 0.95
    public var epsilon = 1e-7

    public init() {}

    public init(rho: Double = 0.95, epsilon: Double = 1e-7) {
        self.rho = rho
        self.epsilon = epsilon
    }

    public var slots: [OptimizerSlot] { [OptimizerSlot("accumulated_grad"), OptimizerSlot("accumulated_delta_var")] }
}
