import JSON

/// Changes brightness, contrast, saturation and hue, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomColorJitter: ImageAugmentation {
    public static let className = "RandomColorJitter"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
