import JSON

/// Leaves fewer shades, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomPosterization: ImageAugmentation {
    public static let className = "RandomPosterization"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
