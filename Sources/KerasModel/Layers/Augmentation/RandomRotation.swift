import JSON

/// Turns images, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomRotation: ImageAugmentation {
    public static let className = "RandomRotation"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
