import JSON
import Tensors

/// Turns images, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomRotation: TrainedAugmentation {
    public static let className = "RandomRotation"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}

    /// By a share of a full turn, round the middle.
    func augment(_ images: Value, _ settings: AugmentationSettings, _ call: LayerCall) throws -> Value {
        let turns = try settings.drawn(try settings.neededRange("factor"), [images.shape[0], 1])
        let angle = try call.emit(.unary(.affine(scale: 2 * Double.pi, offset: 0)), turns)
        let (cosine, sine) = (try call.emit(.unary(.cos), angle), try call.emit(.unary(.sin), angle))
        let x = try call.places(of: images, x: cosine, y: try call.emit(.unary(.negate), sine), alongHeight: false)
        let y = try call.places(of: images, x: sine, y: cosine, alongHeight: true)
        return try ImageReading(settings).read(images, x: x, y: y, call)
    }
}
