import JSON

/// Puts a part of one image into another, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct CutMix: ImageAugmentation {
    public static let className = "CutMix"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
