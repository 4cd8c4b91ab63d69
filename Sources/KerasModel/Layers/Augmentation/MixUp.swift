import JSON

/// Mixes images in pairs, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct MixUp: ImageAugmentation {
    public static let className = "MixUp"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
