/// `mean(max(1 − y·p, 0))` along the last axis, of targets −1 and 1.
public struct Hinge: LossFunction {
    public static let names = FunctionNames("Hinge", "hinge")
    /// A batch whose targets are all 0 or 1 is taken as −1 and 1: tf.keras and Keras 3.
    public var convertsLabels = true

    public init() {}
    public mutating func adopt(_ dialect: Dialect) { convertsLabels = dialect != .keras2 }
}

/// `mean(max(1 − y·p, 0)²)` along the last axis, of targets −1 and 1.
public struct SquaredHinge: LossFunction {
    public static let names = FunctionNames("SquaredHinge", "squared_hinge")
    /// As ``Hinge/convertsLabels``.
    public var convertsLabels = true

    public init() {}
    public mutating func adopt(_ dialect: Dialect) { convertsLabels = dialect != .keras2 }
}

/// `max(max((1 − y)·p) − Σ y·p + 1, 0)` along the last axis, of targets 0 and 1.
public struct CategoricalHinge: LossFunction {
    public static let names = FunctionNames("CategoricalHinge", "categorical_hinge")
    public init() {}
}
