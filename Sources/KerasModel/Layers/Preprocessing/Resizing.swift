import JSON
import Tensors

/// Images brought to one size: `(n, h, w, c)` → `(n, height, width, c)`; a single image likewise.
public struct Resizing: Layer {
    public static let className = "Resizing"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = Resizing(0, 0)
    public static let keys: [ConfigKey<Resizing>] = [
        .key("data_format", \.dataFormat, in: [.keras3]).needed { $0.dataFormat == .channelsFirst },
        .required("height", \.height),
        .required("width", \.width),
        .key("interpolation", \.interpolation),
        .key("crop_to_aspect_ratio", \.cropToAspectRatio),
        .key("pad_to_aspect_ratio", \.padToAspectRatio, in: [.keras3]).needed { $0.padToAspectRatio },
        .key("fill_mode", \.fillMode, in: [.keras3]),
        .key("fill_value", \.fillValue, in: [.keras3]),
        .key("antialias", \.antialias, in: [.keras3]).needed { $0.antialias },
    ]

    public var base = LayerBase()
    public var height: Int
    public var width: Int
    public var interpolation = Interpolation.bilinear
    /// Cut to the wanted proportions first, round the middle.
    public var cropToAspectRatio = false
    /// Padded to the wanted proportions first.
    public var padToAspectRatio = false
    var fillMode = "constant"
    public var fillValue = 0.0
    /// Kernels as wide as the cells that come to one, where an image is made smaller.
    public var antialias = false
    public var dataFormat = DataFormat.channelsLast

    public init(_ height: Int, _ width: Int, interpolation: Interpolation = .bilinear, name: String? = nil) {
        self.height = height
        self.width = width
        self.interpolation = interpolation
        base.name = name
    }

    private func axes(_ rank: Int) throws -> (height: Int, width: Int) {
        guard rank == 3 || rank == 4 else {
            throw KerasError(.mismatch, "an input has the wrong number of axes", found: "\(rank)", expected: "3 or 4")
        }
        return dataFormat == .channelsLast ? (rank - 3, rank - 2) : (rank - 2, rank - 1)
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        try checkExtents([height, width], rank: 2, key: "height")
        guard interpolation.isExactlyKnown || !antialias, fillMode == "constant" else {
            throw KerasError(
                .unsupported, "this way to make an image smaller is not run", at: Place(key: "antialias"), found: "\(interpolation)")
        }
        var shape = try onlyInput(inputs)
        let axes = try axes(shape.rank)
        (shape[axes.height], shape[axes.width]) = (height, width)
        return [shape]
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        inputs[0].rank == 4 ? switchedInKeras3(move, \.dataFormat) : .fixed
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        var x = try call.cast(inputs[0], call.computeType)
        let isSingle = x.rank == 3
        _ = try axes(x.rank)
        if isSingle { x = try call.reshape(x, [1] + x.shape.dims) }
        let result = try call.channelsLast(x, dataFormat) { image in
            let fitted = try padToAspectRatio ? padded(image, call) : cropToAspectRatio ? cropped(image, call) : image
            return try call.interpolate(fitted, height: height, width: width, interpolation, antialias: antialias)
        }
        return [isSingle ? try call.reshape(result, Array(result.shape.dims.dropFirst())) : result]
    }

    private func cropped(_ x: Value, _ call: LayerCall) throws -> Value { try call.croppedToRatio(x, height: height, width: width) }

    /// As Keras: the same number of cells on either side.
    private func padded(_ x: Value, _ call: LayerCall) throws -> Value {
        let (h, w) = (x.shape[1], x.shape[2])
        let (tall, wide) = (max(h, share(w, height, width)), max(w, share(h, width, height)))
        let (top, left) = (Int(Float(tall - h) / 2), Int(Float(wide - w) / 2))
        return try call.emit(.pad([.none, Edges(top, top), Edges(left, left), .none], value: fillValue), x)
    }
}

/// `a · b / c` as Keras computes it, in single precision.
private func share(_ a: Int, _ b: Int, _ c: Int) -> Int { Int(min(Float(Double(a) * Double(b)) / Float(max(c, 1)), 0x1p40)) }

extension LayerCall {
    /// The middle of images `(n, h, w, c)`, in the proportions of a size: Keras's `smart_resize` before it resizes.
    func croppedToRatio(_ x: Value, height: Int, width: Int) throws -> Value {
        let (sizes, corner) = (partOfRatio(x, height: height, width: width), cornerOfRatio(x, height: height, width: width))
        return try emit(.slice(starts: [0, corner.top, corner.left, 0], sizes: [x.shape[0], sizes.height, sizes.width, x.shape[3]]), x)
    }

    private func partOfRatio(_ x: Value, height: Int, width: Int) -> (height: Int, width: Int) {
        let (h, w) = (x.shape[1], x.shape[2])
        return (max(min(h, share(w, height, width)), 1), max(min(w, share(h, width, height)), 1))
    }

    /// Where that part begins.
    func cornerOfRatio(_ x: Value, height: Int, width: Int) -> (top: Int, left: Int) {
        let part = partOfRatio(x, height: height, width: width)
        return (Int(Float(x.shape[1] - part.height) / 2), Int(Float(x.shape[2] - part.width) / 2))
    }
}

extension Interpolation {
    /// True where what TensorFlow does with `antialias` is said by ``matrix(from:to:antialias:)``.
    var isExactlyKnown: Bool {
        switch self {
        case .nearest, .bilinear, .bicubic, .lanczos3, .lanczos5, .gaussian, .mitchellcubic: true
        case .area, .bilinearAsymmetric: false
        }
    }
}
