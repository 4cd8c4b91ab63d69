import JSON

/// Mixes chains of changes, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct AugMix: ImageAugmentation {
    public static let className = "AugMix"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
