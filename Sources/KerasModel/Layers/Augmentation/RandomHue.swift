import JSON

/// Changes the hue, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomHue: ImageAugmentation {
    public static let className = "RandomHue"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
