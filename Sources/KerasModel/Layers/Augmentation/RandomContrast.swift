import JSON

/// Changes the contrast, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomContrast: ImageAugmentation {
    public static let className = "RandomContrast"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
