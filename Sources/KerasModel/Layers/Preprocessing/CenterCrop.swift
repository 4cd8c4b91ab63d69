import JSON
import Tensors

/// The middle of images: `(n, h, w, c)` → `(n, height, width, c)`. One that is smaller is cut to the proportions and made larger.
public struct CenterCrop: Layer {
    public static let className = "CenterCrop"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = CenterCrop(0, 0)
    public static let keys: [ConfigKey<CenterCrop>] = [
        .key("data_format", \.dataFormat, in: [.keras3]).needed { $0.dataFormat == .channelsFirst },
        .required("height", \.height),
        .required("width", \.width),
    ]

    public var base = LayerBase()
    public var height: Int
    public var width: Int
    public var dataFormat = DataFormat.channelsLast

    public init(_ height: Int, _ width: Int, name: String? = nil) {
        self.height = height
        self.width = width
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        try checkExtents([height, width], rank: 2, key: "height")
        var shape = try onlyInput(inputs)
        guard shape.rank == 3 || shape.rank == 4 else {
            throw KerasError(.mismatch, "an input has the wrong number of axes", found: "\(shape)", expected: "3 or 4")
        }
        let first = dataFormat == .channelsLast ? shape.rank - 3 : shape.rank - 2
        (shape[first], shape[first + 1]) = (height, width)
        return [shape]
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        inputs[0].rank == 4 ? switchedInKeras3(move, \.dataFormat) : .fixed
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        var x = try call.cast(inputs[0], call.computeType)
        let isSingle = x.rank == 3
        if isSingle { x = try call.reshape(x, [1] + x.shape.dims) }
        let result = try call.channelsLast(x, dataFormat) { image in
            let (h, w) = (image.shape[1], image.shape[2])
            guard h >= height, w >= width else {
                let cut = try call.croppedToRatio(image, height: height, width: width)
                return try call.interpolate(cut, height: height, width: width, .bilinear)
            }
            let starts = [0, (h - height) / 2, (w - width) / 2, 0]
            return try call.emit(.slice(starts: starts, sizes: [image.shape[0], height, width, image.shape[3]]), image)
        }
        return [isSingle ? try call.reshape(result, Array(result.shape.dims.dropFirst())) : result]
    }
}
