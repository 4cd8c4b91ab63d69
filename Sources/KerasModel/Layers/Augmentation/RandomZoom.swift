import JSON
import Tensors

/// Makes images larger or smaller within their frame, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomZoom: TrainedAugmentation {
    public static let className = "RandomZoom"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}

    func augment(_ images: Value, _ settings: AugmentationSettings, _ call: LayerCall) throws -> Value {
        let shape: Shape = [images.shape[0], 1]
        func zoom(_ range: ClosedRange<Double>) throws -> Value {
            try settings.drawn(1 + range.lowerBound...1 + range.upperBound, shape)
        }
        let height = try zoom(try settings.neededRange("height_factor"))
        let width = try settings.range("width_factor").map(zoom) ?? height
        let x = try call.places(of: images, x: width, y: nil, alongHeight: false)
        let y = try call.places(of: images, x: nil, y: height, alongHeight: true)
        return try ImageReading(settings).read(images, x: x, y: y, call)
    }
}
