import JSON

/// Makes images larger or smaller within their frame, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomZoom: ImageAugmentation {
    public static let className = "RandomZoom"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
