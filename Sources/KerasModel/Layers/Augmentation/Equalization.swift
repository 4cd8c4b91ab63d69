import JSON

/// Makes all shades equally frequent, in training alone: `(n, h, w, c)` → `(n, h, w, c)`.
public struct Equalization: ImageAugmentation {
    public static let className = "Equalization"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
