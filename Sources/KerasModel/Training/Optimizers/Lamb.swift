/// Adam whose steps are as long as the variable is large. Keras: `Lamb`. Described, so that files keep it and show it; not trained with.
///
/// Source: You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 Minutes", 2019.
public struct Lamb: OptimizerAlgorithm {
    public static let names = FunctionNames("Lamb", "lamb")
    public static let keys: [ConfigKey<Lamb>] = [
        .key("beta_1", \.beta1),
        .key("beta_2", \.beta2),
        .key("epsilon", \.epsilon),
    ]
    public var beta1 = 0.9
    public var beta2 = 0.999
    public var epsilon = 1e-7

    public init() {}

    public var slots: [OptimizerSlot] { [OptimizerSlot("momentum"), OptimizerSlot("velocity")] }
}
