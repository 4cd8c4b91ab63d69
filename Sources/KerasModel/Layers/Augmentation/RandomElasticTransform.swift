import JSON

/// Bends images, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomElasticTransform: ImageAugmentation {
    public static let className = "RandomElasticTransform"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
