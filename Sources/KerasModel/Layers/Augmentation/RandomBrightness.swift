import JSON
import Tensors

/// Makes images brighter or darker, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomBrightness: TrainedAugmentation {
    public static let className = "RandomBrightness"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}

    func augment(_ images: Value, _ settings: AugmentationSettings, _ call: LayerCall) throws -> Value {
        let range = try settings.range("value_range") ?? 0...255
        let drawn = try settings.drawn(try settings.neededRange("factor"), [images.shape[0], 1, 1, 1])
        let added = try call.emit(.unary(.affine(scale: range.upperBound - range.lowerBound, offset: 0)), drawn)
        let sum = try call.emit(.binary(.add), images, try call.cast(added, images.dtype))
        return try call.emit(.unary(.clamp(low: range.lowerBound, high: range.upperBound)), sum)
    }
}
