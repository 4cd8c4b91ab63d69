/// `1 − 2·Σ y·p / (Σ y + Σ p + 1e-7)`.
public struct Dice: LossFunction {
    public static let names = FunctionNames("Dice", "dice", in: [.keras3])
    public static let keys: [ConfigKey<Dice>] = [.key("axis", \.axis)]
    /// The axes that are summed over; nil for all of them, the batch's too.
    public var axis: Axes?

    public init() {}
    public init(axis: Axes?) { self.axis = axis }
}

/// `1 − Σ y·p / (Σ y·p + alpha·Σ y·(1 − p) + beta·Σ (1 − y)·p + 1e-7)`.
public struct Tversky: LossFunction {
    public static let names = FunctionNames("Tversky", "tversky", in: [.keras3])
    public static let keys: [ConfigKey<Tversky>] = [.key("alpha", \.alpha), .key("beta", \.beta), .key("axis", \.axis)]
    /// What missing counts for.
    public var alpha = 0.5
    /// What is there and should not be counts for.
    public var beta = 0.5
    /// As ``Dice/axis``.
    public var axis: Axes?

    public init() {}
    public init(alpha: Double, beta: Double, axis: Axes? = nil) {
        self.alpha = alpha
        self.beta = beta
        self.axis = axis
    }
}
