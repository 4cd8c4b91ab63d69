import JSON

/// Makes images brighter or darker, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomBrightness: ImageAugmentation {
    public static let className = "RandomBrightness"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
