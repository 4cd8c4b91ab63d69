import JSON

/// Inverts images, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomInvert: ImageAugmentation {
    public static let className = "RandomInvert"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
