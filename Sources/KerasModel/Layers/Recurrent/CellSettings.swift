import JSON
import Tensors

/// What the cells of recurrent layers have in common: functions, weights, and what is dropped in training.
public struct CellSettings: Sendable {
    public var activation = ActivationFunction.tanh
    /// Of the gates; a cell without gates has none.
    public var recurrentActivation = ActivationFunction.sigmoid
    public var useBias = true
    /// Whether the bias of an LSTM's forget gate begins at 1.
    public var unitForgetBias = true
    public var kernelInitializer = Initializer.glorotUniform
    public var recurrentInitializer = Initializer(className: "Orthogonal", config: ["gain": 1.0, "seed": nil])
    public var biasInitializer = Initializer.zeros
    public var kernelRegularizer: Regularizer?
    public var recurrentRegularizer: Regularizer?
    public var biasRegularizer: Regularizer?
    public var kernelConstraint: Constraint?
    public var recurrentConstraint: Constraint?
    public var biasConstraint: Constraint?
    /// What is set to 0 of the inputs in training, the same at every step.
    public var dropout = 0.0
    /// The same of the states.
    public var recurrentDropout = 0.0
    public var seed: Int?
    /// 1 draws what is dropped for each gate by itself; the numbers are otherwise the same.
    var implementation = 2
    /// Keras 1 and 2 had a third one, 0, which the others take for 1.
    var implementationInUse: Int {
        get { max(implementation, 1) }
        set { implementation = newValue }
    }
    /// Whether the weights are arranged as cuDNN has them.
    var isCuDNN = false

    /// Which keys a class has: the gates' function, where it stands besides, and the two that some Kerases write at the end.
    struct Form {
        var hasGates = false
        /// Where `unit_forget_bias` stands in each Keras.
        var forgetsAfterInitializers: Set<Dialect> = []
        var forgetsBefore: Set<Dialect> = []
        var hasImplementation = false
        var hasSeed: Set<Dialect> = [.keras3]
    }

    /// - Parameter activity: the key of the layer's penalty, which stands among these.
    static func keys<L: Layer>(
        _ path: WritableKeyPath<L, CellSettings> & Sendable, _ form: Form, activity: ConfigKey<L>? = nil, resetAfter: ConfigKey<L>? = nil,
        hardGates: Set<Dialect> = [.keras2]
    ) -> [ConfigKey<L>] {
        let gates = Dictionary(uniqueKeysWithValues: hardGates.map { ($0, ActivationFunction.hardSigmoidFifth) })
        func forgets(in dialects: Set<Dialect>) -> [ConfigKey<CellSettings>] {
            dialects.isEmpty ? [] : [.key("unit_forget_bias", \.unitForgetBias, in: dialects)]
        }
        let first: [ConfigKey<CellSettings>] =
            [.key("activation", \.activation)]
            + (form.hasGates ? [.key("recurrent_activation", \.recurrentActivation, defaults: gates)] : [])
            + [.key("use_bias", \.useBias)] + forgets(in: form.forgetsBefore)
            + [
                .key("kernel_initializer", \.kernelInitializer),
                .key("recurrent_initializer", \.recurrentInitializer),
                .key("bias_initializer", \.biasInitializer),
            ] + forgets(in: form.forgetsAfterInitializers)
            + [
                .key("kernel_regularizer", \.kernelRegularizer),
                .key("recurrent_regularizer", \.recurrentRegularizer),
                .key("bias_regularizer", \.biasRegularizer),
            ]
        // Keras 3's GRU takes it since 3.4 alone.
        let implementation = ConfigKey<CellSettings>.key("implementation", \.implementationInUse, in: Dialect.older, defaults: [.keras2: 1])
        let second: [ConfigKey<CellSettings>] =
            [
                .key("kernel_constraint", \.kernelConstraint),
                .key("recurrent_constraint", \.recurrentConstraint),
                .key("bias_constraint", \.biasConstraint),
                .key("dropout", \.dropout),
                .key("recurrent_dropout", \.recurrentDropout),
            ]
            + (form.hasImplementation ? [resetAfter == nil ? implementation.takenByKeras3() : implementation] : [])
        let last: [ConfigKey<CellSettings>] = form.hasSeed.isEmpty ? [] : [.key("seed", \.seed, in: form.hasSeed)]
        return first.map { $0.at(path) } + (activity.map { [$0] } ?? []) + second.map { $0.at(path) } + (resetAfter.map { [$0] } ?? [])
            + last.map { $0.at(path) }
    }

    /// `kernel`, `recurrent_kernel` and the bias, if there is one.
    ///
    /// - Parameter ones: the elements of the bias that begin at 1.
    func weights(kernel: [Int], recurrent: [Int], bias: [Int], ones: Range<Int>? = nil) throws -> [WeightSpec] {
        var specs = [
            try WeightSpec("kernel", kernel, kernelInitializer, regularizer: kernelRegularizer, constraint: kernelConstraint),
            try WeightSpec(
                "recurrent_kernel", recurrent, recurrentInitializer, regularizer: recurrentRegularizer, constraint: recurrentConstraint),
        ]
        if useBias {
            var spec = try WeightSpec("bias", bias, biasInitializer, regularizer: biasRegularizer, constraint: biasConstraint)
            spec.ones = ones
            specs.append(spec)
        }
        return specs
    }

    /// What the inputs or the states are multiplied by in training: one draw for all steps, or one for each gate; nil if nothing is dropped.
    func masks(_ rate: Double, _ shape: Shape, gates: Int, _ call: LayerCall) throws -> [Value]? {
        guard call.isTraining, rate > 0, rate < 1 else { return nil }
        return try (0..<(drawsForGates ? gates : 1)).map { _ in try call.random(.dropout(rate: rate), shape, seed: seed) }
    }

    /// Whether each gate has a draw of its own: Keras does so where states are dropped, too.
    var drawsForGates: Bool { implementation == 1 || recurrentDropout != 0 }

    /// - Throws: a `malformed` problem for a number that must be positive and is not.
    static func check(units: Int, key: String = "units") throws { try checkExtents([units], rank: 1, key: key) }
}
