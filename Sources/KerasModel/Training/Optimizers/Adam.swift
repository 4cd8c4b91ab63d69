/// Running means of the gradients and of their squares. Keras: `Adam`.
///
/// Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014, in the form before its section 2.1: epsilon is not corrected.
public struct Adam: OptimizerAlgorithm {
    public static let names = FunctionNames("Adam", "adam", aliases: ["AdamW", "adamw"])
    public static let keys: [ConfigKey<Adam>] = [
        .key("beta_1", \.beta1),
        .key("beta_2", \.beta2),
        .key("epsilon", \.epsilon),
        .key("amsgrad", \.amsgrad),
    ]
    public var beta1 = 0.9
    public var beta2 = 0.999
    public var epsilon = 1e-7
    /// The largest of the second means counts, not the last.
    public var amsgrad = false

    public init() {}

    public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7, amsgrad: Bool = false) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.amsgrad = amsgrad
    }

    public var slots: [OptimizerSlot] {
        [OptimizerSlot("momentum"), OptimizerSlot("velocity")] + (amsgrad ? [OptimizerSlot("velocity_hat")] : [])
    }
    public var slotGroups: [[Int]] { [[0, 1]] + (amsgrad ? [[2]] : []) }
}
