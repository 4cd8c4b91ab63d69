import JSON

/// Changes the width, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomWidth: ImageAugmentation {
    public static let className = "RandomWidth"
    public static let dialects: Set<Dialect> = [.tfKeras]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
