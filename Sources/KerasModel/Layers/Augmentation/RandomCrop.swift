import JSON
import Tensors

/// A random part of images in training; predicting, the largest part of the wanted proportions, brought to the size:
/// `(n, h, w, c)` → `(n, height, width, c)`.
public struct RandomCrop: RandomInTraining {
    public static let className = "RandomCrop"
    public static let whenPredicting =
        "in tf.keras the largest part of the wanted proportions, from the middle, resized to the wanted size; Keras 3 hands images on, here those of that size alone"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let trains = false
    public static let blank = RandomCrop(0, 0)
    public static let keys: [ConfigKey<RandomCrop>] = [
        .key("data_format", \.dataFormat, in: [.keras3]),
        .required("height", \.height),
        .required("width", \.width),
        .key("seed", \.seed),
        .key("rng_type", \.generator, in: [.tfKeras]).written { layer, _ in layer.generator != nil },
    ]

    public var base = LayerBase()
    public var height: Int
    public var width: Int
    public var seed: Int?
    var dataFormat = DataFormat.channelsLast
    var generator: String?

    public init(_ height: Int, _ width: Int, seed: Int? = nil, name: String? = nil) {
        self.height = height
        self.width = width
        self.seed = seed
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        try checkExtents([height, width], rank: 2, key: "height")
        var shape = try onlyInput(inputs)
        try shape.check(rank: 4)
        let first = dataFormat == .channelsLast ? 1 : 2
        (shape[first], shape[first + 1]) = (height, width)
        return [shape]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        guard !call.isTraining else {
            throw KerasError(.unsupported, "images are not changed at random in training yet", found: Self.className)
        }
        let x = try call.cast(inputs[0], call.computeType)
        guard call.isOfOlderKeras else {
            let sides = dataFormat == .channelsLast ? Array(x.shape.dims[1...2]) : Array(x.shape.dims[2...3])
            guard sides == [height, width] else {
                throw KerasError(
                    .unsupported, "Keras 3 predicts with images of another size than it says", found: "\(x.shape)",
                    expected: "images of \(height) × \(width)")
            }
            return [x]
        }
        try call.refuseTrainingMode()
        let cut = try call.croppedToRatio(x, height: height, width: width)
        return [try call.interpolate(cut, height: height, width: width, .bilinear)]
    }
}
