import JSON

/// Moves images, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomTranslation: ImageAugmentation {
    public static let className = "RandomTranslation"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
