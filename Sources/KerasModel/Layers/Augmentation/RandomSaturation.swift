import JSON

/// Changes the saturation, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomSaturation: ImageAugmentation {
    public static let className = "RandomSaturation"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
