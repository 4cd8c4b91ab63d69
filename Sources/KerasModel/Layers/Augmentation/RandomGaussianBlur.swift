import JSON

/// Blurs images, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomGaussianBlur: ImageAugmentation {
    public static let className = "RandomGaussianBlur"

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}
}
