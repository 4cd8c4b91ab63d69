import JSON

/// Takes all colour away, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomGrayscale: ImageAugmentation {
    public static let className = "RandomGrayscale"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
