/// Adam with Nesterov's momentum. Keras: `Nadam`.
///
/// Source: Dozat, "Incorporating Nesterov Momentum into Adam", 2016.
public struct Nadam: OptimizerAlgorithm {
    public static let names = FunctionNames("Nadam", "nadam")
    public static let keys: [ConfigKey<Nadam>] = [
        .key("beta_1", \.beta1),
        .key("beta_2", \.beta2),
        .key("epsilon", \.epsilon),
        .key("schedule_decay", \.scheduleDecay, in: [.keras2]),
    ]
    public var beta1 = 0.9
    public var beta2 = 0.999
    public var epsilon = 1e-7
    /// How fast momentum grows: `beta1 · (1 − ½ · 0.96^(t · scheduleDecay))`. A setting in Keras 2 (`schedule_decay`), 1 since TensorFlow 2.11.
    public var scheduleDecay = 1.0

    public init() {}

    public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }

    public var slots: [OptimizerSlot] { [OptimizerSlot("momentum"), OptimizerSlot("velocity")] }
    /// The product of the momenta so far. Keras 3: `u_product`, Keras 2: `m_schedule`.
    public var sharedState: [Double] { [1] }
    public var sharedNames: [String] { ["u_product"] }

    public mutating func adopt(_ rules: OptimizerRules) { scheduleDecay = rules == .current ? 1 : 0.004 }

    /// tf.keras before TensorFlow 2.11 wrote `schedule_decay` as `decay`, and had no other.
    public mutating func adopt(decay: Double, _ rules: OptimizerRules) -> Double {
        guard rules == .legacy else { return decay }
        scheduleDecay = decay
        return 0
    }
}
