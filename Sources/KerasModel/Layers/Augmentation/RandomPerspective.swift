import JSON

/// Changes the perspective, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomPerspective: ImageAugmentation {
    public static let className = "RandomPerspective"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
