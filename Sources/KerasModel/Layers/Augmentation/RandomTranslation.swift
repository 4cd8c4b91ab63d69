import JSON
import Tensors

/// Moves images, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomTranslation: TrainedAugmentation {
    public static let className = "RandomTranslation"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}

    func augment(_ images: Value, _ settings: AugmentationSettings, _ call: LayerCall) throws -> Value {
        func place(_ key: String, _ length: Int, alongHeight: Bool) throws -> Value {
            let moved = try settings.drawn(try settings.neededRange(key), [images.shape[0], 1])
            let back = try call.emit(.unary(.affine(scale: -Double(length), offset: 0)), moved)
            return try call.emit(.binary(.add), try call.ownPlaces(of: images, alongHeight: alongHeight), back)
        }
        let y = try place("height_factor", images.shape[1], alongHeight: true)
        let x = try place("width_factor", images.shape[2], alongHeight: false)
        return try ImageReading(settings).read(images, x: x, y: y, call)
    }
}
