/// Steps of one size, in the direction the gradients have had. Keras: `Lion`.
///
/// Source: Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023.
public struct Lion: OptimizerAlgorithm {
    public static let names = FunctionNames("Lion", "lion")
    public static let keys: [ConfigKey<Lion>] = [
        .key("beta_1", \.beta1),
        .key("beta_2", \.beta2),
    ]
    public var beta1 = 0.9
    public var beta2 = 0.99

    public init() {}

    public init(beta1: Double = 0.9, beta2: Double = 0.99) {
        self.beta1 = beta1
        self.beta2 = beta2
    }

    public var slots: [OptimizerSlot] { [OptimizerSlot("momentum")] }
}
