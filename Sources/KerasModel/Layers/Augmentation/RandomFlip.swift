import JSON

/// Mirrors images, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomFlip: ImageAugmentation {
    public static let className = "RandomFlip"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
