/// Follow the regularized leader. Keras: `Ftrl`.
///
/// Source: McMahan et al., "Ad Click Prediction: a View from the Trenches", 2013.
public struct Ftrl: OptimizerAlgorithm {
    public static let names = FunctionNames("Ftrl", "ftrl")
    public static let keys: [ConfigKey<Ftrl>] = [
        .key("learning_rate_power", \.learningRatePower),
        .key("initial_accumulator_value", \.initialAccumulatorValue),
        .key("l1_regularization_strength", \.l1RegularizationStrength),
        .key("l2_regularization_strength", \.l2RegularizationStrength),
        .key("l2_shrinkage_regularization_strength", \.l2ShrinkageRegularizationStrength),
        .key("beta", \.beta),
    ]
    public var learningRatePower = -0.5
    public var initialAccumulatorValue = 0.1
    public var l1RegularizationStrength = 0.0
    public var l2RegularizationStrength = 0.0
    public var l2ShrinkageRegularizationStrength = 0.0
    public var beta = 0.0

    public init() {}

    public init(
        learningRatePower: Double = -0.5, initialAccumulatorValue: Double = 0.1, l1RegularizationStrength: Double = 0,
        l2RegularizationStrength: Double = 0, l2ShrinkageRegularizationStrength: Double = 0, beta: Double = 0
    ) {
        self.learningRatePower = learningRatePower
        self.initialAccumulatorValue = initialAccumulatorValue
        self.l1RegularizationStrength = l1RegularizationStrength
        self.l2RegularizationStrength = l2RegularizationStrength
        self.l2ShrinkageRegularizationStrength = l2ShrinkageRegularizationStrength
        self.beta = beta
    }

    public var isInterleavedEverywhere: Bool { true }
    public var slots: [OptimizerSlot] {
        [OptimizerSlot("accumulator", initialValue: initialAccumulatorValue), OptimizerSlot("linear")]
    }
}
