import JSON

/// Shears images, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomShear: ImageAugmentation {
    public static let className = "RandomShear"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
