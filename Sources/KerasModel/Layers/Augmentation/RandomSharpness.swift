import JSON

/// Changes the sharpness, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomSharpness: ImageAugmentation {
    public static let className = "RandomSharpness"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
