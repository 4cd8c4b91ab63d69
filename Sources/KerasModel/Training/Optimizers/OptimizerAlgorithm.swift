import Tensors

/// One kind of optimizer: its settings. What they mean for the numbers is in the runtime, a file of the same name.
///
/// Defaults are Keras 3's. Equations that differ between generations of Keras are settings of their own, which no file spells out:
/// ``OptimizerRules`` says them.
public protocol OptimizerAlgorithm: TrainingFunction {
    /// The rate if none is given. Keras: `learning_rate`.
    static var learningRate: Double { get }
    /// What is kept for each variable from step to step, in the order Keras 3 makes it.
    var slots: [OptimizerSlot] { get }
    /// The slots that Keras 3 keeps side by side for each variable; each group for all variables before the next.
    var slotGroups: [[Int]] { get }
    /// True if TensorFlow before 2.11 keeps all slots so too.
    var isInterleavedEverywhere: Bool { get }
    /// Numbers kept for all variables together, as they begin.
    var sharedState: [Double] { get }
    /// What they are called.
    var sharedNames: [String] { get }
    /// True if what is kept of a variable hangs on the variable, so that ``slots`` do not say it. Only Keras 3's files of such are known.
    var isUneven: Bool { get }
    /// What is kept of one variable, by name and shape, in Keras 3's order: the slots, unless the algorithm is uneven. Nil if it cannot be told.
    func kept(of variable: Shape, path: String) -> [(name: String, shape: Shape)]?
    /// Takes the equations of a generation.
    mutating func adopt(_ rules: OptimizerRules)
    /// Takes what a file calls `decay`. Returns what of it is the learning rate's.
    mutating func adopt(decay: Double, _ rules: OptimizerRules) -> Double
}

extension OptimizerAlgorithm {
    public static var learningRate: Double { 0.001 }
    public var slotGroups: [[Int]] { slots.isEmpty ? [] : [Array(slots.indices)] }
    public var isInterleavedEverywhere: Bool { false }
    public var sharedState: [Double] { [] }
    public var sharedNames: [String] { [] }
    public var isUneven: Bool { false }
    public func kept(of variable: Shape, path: String) -> [(name: String, shape: Shape)]? { slots.map { ($0.name, variable) } }
    public func adopt(_ rules: OptimizerRules) {}
    public func adopt(decay: Double, _ rules: OptimizerRules) -> Double { decay }
}

/// Numbers as many as a variable's. Keras: `add_variable_from_reference`.
public struct OptimizerSlot: Hashable, Sendable {
    /// `momentum`, `velocity`.
    public var name: String
    public var initialValue: Double

    public init(_ name: String, initialValue: Double = 0) {
        self.name = name
        self.initialValue = initialValue
    }
}

/// Whose equations an optimizer follows.
public enum OptimizerRules: Sendable {
    /// Keras 1 and 2.
    case keras2
    /// tf.keras until TensorFlow 2.10, since then `tf.keras.optimizers.legacy`.
    case legacy
    /// TensorFlow 2.11 and later, tf_keras, Keras 3.
    case current
}
