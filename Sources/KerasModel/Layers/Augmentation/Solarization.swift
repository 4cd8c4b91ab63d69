import JSON

/// Inverts what is brighter than a threshold, in training alone: `(n, h, w, c)` → `(n, h, w, c)`.
public struct Solarization: ImageAugmentation {
    public static let className = "Solarization"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
