/// Adam with the largest gradient in place of the mean square. Keras: `Adamax`.
public struct Adamax: OptimizerAlgorithm {
    public static let names = FunctionNames("Adamax", "adamax")
    public static let keys: [ConfigKey<Adamax>] = [
        .key("beta_1", \.beta1),
        .key("beta_2", \.beta2),
        .key("epsilon", \.epsilon),
    ]
    public var beta1 = 0.9
    public var beta2 = 0.999
    public var epsilon = 1e-7

    public init() {}

    public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }

    public var slots: [OptimizerSlot] { [OptimizerSlot("momentum"), OptimizerSlot("norm")] }
}
