import JSON
import Tensors

/// Images made larger by whole factors: `(n, h, w, c)` → `(n, h · size[0], w · size[1], c)`.
public struct UpSampling2D: UpSamplingLayer {
    public static let className = "UpSampling2D"
    public static let blank = UpSampling2D()
    public static let keys: [ConfigKey<UpSampling2D>] = [
        .extents("size", \.size, rank: 2),
        .key("data_format", \.dataFormat),
        .key("interpolation", \.interpolation),
    ]

    public var base = LayerBase()
    public var size = [2, 2]
    public var dataFormat = DataFormat.channelsLast
    public var interpolation = Interpolation.nearest

    public init(_ size: Int = 2, dataFormat: DataFormat = .channelsLast, interpolation: Interpolation = .nearest, name: String? = nil) {
        self.init((size, size), dataFormat: dataFormat, interpolation: interpolation, name: name)
    }

    /// With an own factor along each spatial axis.
    public init(_ size: (Int, Int), dataFormat: DataFormat = .channelsLast, interpolation: Interpolation = .nearest, name: String? = nil) {
        self.size = [size.0, size.1]
        self.dataFormat = dataFormat
        self.interpolation = interpolation
        base.name = name
    }

    public var factors: [Int] { size }

    /// tf.keras takes no length for known once one of the two is open: what comes after may need it.
    public func check(outputs: [SymbolicShape], for context: EncodingContext) throws {
        guard base.dialect != .tfKeras, context.readers.contains(.tfKeras), let output = outputs.first else { return }
        let open = dataFormat.axes(rank: 2).spatial.count { output[$0] == nil }
        guard open == 1 else { return }
        throw KerasError(
            .unsupported, "tf.keras forgets the known side of an image whose other side is open", at: Place(layer: name),
            found: "\(output)", expected: "both sides known, or both open")
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { switched(move, \.dataFormat) }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        guard interpolation != .nearest else { return [try repeated(inputs[0], call)] }
        let result = try call.channelsLast(try call.cast(inputs[0], call.computeType), dataFormat) { x in
            let target = try Shape(checking: [x.shape[0], x.shape[1] * size[0], x.shape[2] * size[1], x.shape[3]])
            return try call.interpolate(x, height: target[1], width: target[2], interpolation, leavesItsSize: false)
        }
        return [result]
    }
}
