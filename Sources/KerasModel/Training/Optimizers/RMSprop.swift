/// Gradients divided by a running mean of their size. Keras: `RMSprop`.
public struct RMSprop: OptimizerAlgorithm {
    public static let names = FunctionNames("RMSprop", "rmsprop")
    public static let keys: [ConfigKey<RMSprop>] = [
        .key("rho", \.rho),
        .key("momentum", \.momentum),
        .key("epsilon", \.epsilon),
        .key("centered", \.centered),
    ]
    public var rho = 0.9
    public var momentum = 0.0
    public var epsilon = 1e-7
    /// The running mean of the gradients themselves is taken off first.
    public var centered = false
    /// Whether epsilon is added under the root, or to it. Before TensorFlow 2.11 only momentum's form had it under.
    public var addsEpsilonUnderRoot: Bool { rules == .current || (rules == .legacy && momentum > 0) }
    private var rules = OptimizerRules.current

    public init() {}

    public init(rho: Double = 0.9, momentum: Double = 0, epsilon: Double = 1e-7, centered: Bool = false) {
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered
    }

    public var slots: [OptimizerSlot] {
        [OptimizerSlot("velocity")] + (momentum > 0 ? [OptimizerSlot("momentum")] : [])
            + (centered ? [OptimizerSlot("average_gradient")] : [])
    }
    public var slotGroups: [[Int]] { slots.indices.map { [$0] } }

    public mutating func adopt(_ rules: OptimizerRules) { self.rules = rules }
}
