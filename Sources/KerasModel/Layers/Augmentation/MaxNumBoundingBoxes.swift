import JSON

/// Bounds the number of boxes beside an image, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct MaxNumBoundingBoxes: ImageAugmentation {
    public static let className = "MaxNumBoundingBoxes"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
