/// Draws vectors of one class together and others apart: the outputs are vectors of length 1, the targets class numbers.
///
/// Source: Sun et al., "Circle Loss: A Unified Perspective of Pair Similarity Optimization", 2020.
public struct Circle: LossFunction {
    public static let names = FunctionNames("Circle", "circle", in: [.keras3])
    public static let keys: [ConfigKey<Circle>] = [
        .key("gamma", \.gamma), .key("margin", \.margin), .key("remove_diagonal", \.removesDiagonal),
    ]
    public var gamma = 80.0
    public var margin = 0.4
    /// A vector is not compared with itself.
    public var removesDiagonal = true

    public init() {}
    public init(gamma: Double, margin: Double = 0.4, removesDiagonal: Bool = true) {
        self.gamma = gamma
        self.margin = margin
        self.removesDiagonal = removesDiagonal
    }
}
