import JSON

/// Changes the width, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomWidth: ImageAugmentation {
    public static let className = "RandomWidth"
    public static let dialects: Set<Dialect> = [.tfKeras]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}

    /// Keras takes the width for unknown from here on, though it stays what it is in predictions.
    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        inputs.map { shape in SymbolicShape(shape.dims.enumerated().map { $0 == shape.rank - 2 ? nil : $1 }) }
    }
}
