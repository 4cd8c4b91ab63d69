import JSON

/// Covers rectangles, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomErasing: ImageAugmentation {
    public static let className = "RandomErasing"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
