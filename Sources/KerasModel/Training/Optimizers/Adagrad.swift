/// Gradients divided by the root of the sum of all their squares. Keras: `Adagrad`.
public struct Adagrad: OptimizerAlgorithm {
    public static let names = FunctionNames("Adagrad", "adagrad")
    public static let keys: [ConfigKey<Adagrad>] = [
        .key("initial_accumulator_value", \.initialAccumulatorValue),
        .key("epsilon", \.epsilon),
    ]
    public var initialAccumulatorValue = 0.1
    public var epsilon = 1e-7
    /// Whether epsilon is added under the root, or to it: before TensorFlow 2.11.
    public var addsEpsilonUnderRoot = true

    public init() {}

    public init(initialAccumulatorValue: Double = 0.1, epsilon: Double = 1e-7) {
        self.initialAccumulatorValue = initialAccumulatorValue
        self.epsilon = epsilon
    }

    public var slots: [OptimizerSlot] { [OptimizerSlot("accumulator", initialValue: initialAccumulatorValue)] }

    public mutating func adopt(_ rules: OptimizerRules) { addsEpsilonUnderRoot = rules == .current }
}
