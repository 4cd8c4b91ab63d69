import JSON

/// Changes the height, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomHeight: ImageAugmentation {
    public static let className = "RandomHeight"
    public static let dialects: Set<Dialect> = [.tfKeras]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
