import Tensors

/// Adam whose mean squares are products of rows and columns. Keras: `Adafactor`. Described, so that files keep it and show it; not trained with.
///
/// Source: Shazeer & Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", 2018.
public struct Adafactor: OptimizerAlgorithm {
    public static let names = FunctionNames("Adafactor", "adafactor")
    public static let keys: [ConfigKey<Adafactor>] = [
        .key("beta_2_decay", \.beta2Decay),
        .key("epsilon_1", \.epsilon1),
        .key("epsilon_2", \.epsilon2),
        .key("clip_threshold", \.clipThreshold),
        .key("relative_step", \.relativeStep),
    ]
    public var beta2Decay = -0.8
    public var epsilon1 = 1e-30
    public var epsilon2 = 1e-3
    public var clipThreshold = 1.0
    public var relativeStep = true

    public init() {}

    public var slots: [OptimizerSlot] { [] }
    public var isUneven: Bool { true }

    /// Means of rows and of columns where the variable has both, and what they give. Keras: `_r`, `_c`, `velocity`.
    public func kept(of variable: Shape, path: String) -> [(name: String, shape: Shape)]? {
        let whole = ("velocity", variable)
        // Keras keeps numbers in their places where there are none.
        guard variable.rank > 1 else { return [("r", []), ("c", []), whole] }
        let (outer, rows, columns) = (variable.dims.dropLast(2), variable[variable.rank - 2], variable[variable.rank - 1])
        return [("r", Shape(Array(outer) + [rows])), ("c", Shape(Array(outer) + [columns])), whole]
    }
}
