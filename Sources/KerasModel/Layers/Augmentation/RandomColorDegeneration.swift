import JSON

/// Takes colour away, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomColorDegeneration: ImageAugmentation {
    public static let className = "RandomColorDegeneration"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
