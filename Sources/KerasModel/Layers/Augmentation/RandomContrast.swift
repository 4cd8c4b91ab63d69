import JSON
import Tensors

/// Changes the contrast, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomContrast: TrainedAugmentation {
    public static let className = "RandomContrast"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}

    /// tf.keras draws one factor for all images of a batch, and has them lie between 0 and 255.
    func augment(_ images: Value, _ settings: AugmentationSettings, _ call: LayerCall) throws -> Value {
        let isOlder = call.isOfOlderKeras
        let range = isOlder ? 0...255 : try settings.range("value_range") ?? 0...255
        guard let (less, more) = try settings.ends("factor", one: { (isOlder ? $0 : 0, $0) }), -less <= more else {
            throw KerasError(.malformed, "a configuration lacks a key", at: Place(key: "factor"), expected: "a number, or two")
        }
        let factor = try call.cast(try settings.drawn(1 - less...1 + more, [isOlder ? 1 : images.shape[0], 1, 1, 1]), images.dtype)
        let mean = try call.emit(.reduce(.mean, axes: [1, 2], keepDims: true), images)
        let rest = try call.emit(.binary(.multiply), try call.emit(.binary(.subtract), images, mean), factor)
        return try call.emit(
            .unary(.clamp(low: range.lowerBound, high: range.upperBound)), try call.emit(.binary(.add), rest, mean))
    }
}
