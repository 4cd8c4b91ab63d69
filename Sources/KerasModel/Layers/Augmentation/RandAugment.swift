import JSON

/// Makes several changes of many kinds, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandAugment: ImageAugmentation {
    public static let className = "RandAugment"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
