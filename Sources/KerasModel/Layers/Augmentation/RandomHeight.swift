import JSON

/// Changes the height, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomHeight: ImageAugmentation {
    public static let className = "RandomHeight"
    public static let dialects: Set<Dialect> = [.tfKeras]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}

    /// Keras takes the height for unknown from here on, though it stays what it is in predictions.
    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        inputs.map { shape in SymbolicShape(shape.dims.enumerated().map { $0 == shape.rank - 3 ? nil : $1 }) }
    }
}
