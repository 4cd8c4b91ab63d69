import JSON
import Tensors

/// Mirrors images, in training: `(n, h, w, c)` → `(n, h, w, c)`.
public struct RandomFlip: TrainedAugmentation {
    public static let className = "RandomFlip"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]

    public var base = LayerBase()
    public var adopted = JSONObject()

    public init() {}

    /// Keras 3 draws once for both directions, tf.keras for each.
    func augment(_ images: Value, _ settings: AugmentationSettings, _ call: LayerCall) throws -> Value {
        let mode = settings.word("mode", default: "horizontal_and_vertical")
        let axes = [("horizontal", 2), ("vertical", 1)].filter { mode.contains($0.0) }.map(\.1)
        guard !axes.isEmpty else { throw KerasError(.malformed, "images are not mirrored so", at: Place(key: "mode"), found: mode) }
        let shape: Shape = [images.shape[0], 1, 1, 1]
        func mirrored(_ x: Value, _ axes: [Int]) throws -> Value {
            let draw = try settings.drawn(0...1, shape)
            let half = try call.emit(.unary(.affine(scale: 0, offset: 0.5)), draw)
            let isMirrored = try call.cast(try call.emit(.binary(.lessOrEqual), draw, half), x.dtype)
            return try call.choose(isMirrored, try call.emit(.reverse(axes), x), else: x)
        }
        guard call.isOfOlderKeras else { return try mirrored(images, axes.sorted()) }
        return try axes.reduce(images) { try mirrored($0, [$1]) }
    }
}
