import JSON
import Tensors

/// A random part of images in training; predicting, the largest part of the wanted proportions, brought to the size:
/// `(n, h, w, c)` → `(n, height, width, c)`.
public struct RandomCrop: RandomInTraining {
    public static let className = "RandomCrop"
    public static let whenPredicting =
        "in tf.keras the largest part of the wanted proportions, from the middle, resized to the wanted size; Keras 3 hands images on, here those of that size alone"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = RandomCrop(0, 0)
    public static let keys: [ConfigKey<RandomCrop>] = [
        .key("data_format", \.dataFormat, in: [.keras3]),
        .key("rng_type", \.generator, in: [.tfKeras]).written { layer, _ in layer.generator != nil },
        .required("height", \.height),
        .required("width", \.width),
        .key("seed", \.seed),
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

    /// Predicting, the one Keras cuts and the other does not.
    public func check(outputs: [SymbolicShape], for context: EncodingContext) throws {
        guard let source = base.dialect, context.readers != [source] else { return }
        throw KerasError(.unsupported, "each Keras predicts otherwise with this layer", at: Place(layer: name), found: source.rawValue)
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let x = try call.cast(inputs[0], call.computeType)
        guard !call.isTraining else { return [try call.channelsLast(x, dataFormat) { try cropped($0, call) }] }
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

    /// A part at a random place, the same for all images of a batch; from the middle, brought to the size, where images are too small. Keras 3 takes
    /// those of the very size for too small too, but then cuts the size it wants.
    private func cropped(_ images: Value, _ call: LayerCall) throws -> Value {
        let (h, w) = (images.shape[1], images.shape[2])
        let isOlder = call.isOfOlderKeras
        guard isOlder ? h >= height && w >= width : h > height && w > width else {
            guard !isOlder else {
                return try call.interpolate(
                    try call.croppedToRatio(images, height: height, width: width), height: height, width: width, .bilinear)
            }
            let (top, left) = call.cornerOfRatio(images, height: height, width: width)
            let cut = try call.emit(
                .slice(starts: [0, top, left, 0], sizes: [images.shape[0], min(height, h - top), min(width, w - left), images.shape[3]]),
                images)
            return try call.interpolate(cut, height: height, width: width, .bilinear)
        }
        // `size` lengths of the first axis from a random one on.
        func part(_ x: Value, _ size: Int) throws -> Value {
            let draw = try call.random(.uniform, [1], seed: seed, as: .float32)
            let start = try call.emit(.unary(.floor), try call.emit(.unary(.affine(scale: Double(x.shape[0] - size + 1), offset: 0)), draw))
            let steps = call.lowering.graph.constant(try Tensor((0..<size).map(Double.init), shape: [size]).converted(to: .float32))
            return try call.emit(.gather, x, try call.cast(try call.emit(.binary(.add), start, steps), .int32))
        }
        let rows = try part(try call.transpose(images, [1, 0, 2, 3]), height)
        return try call.transpose(try part(try call.transpose(rows, [2, 1, 0, 3]), width), [1, 2, 0, 3])
    }
}
