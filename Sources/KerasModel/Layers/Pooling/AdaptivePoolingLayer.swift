import Tensors

/// Windows of two lengths such that there are as many as are wanted: cell i is over `⌊i·s/o⌋ ..< ⌈(i+1)·s/o⌉`. `(n, s…, c)` → `(n, o…, c)`.
public protocol AdaptivePoolingLayer: Layer {
    static var spatialRank: Int { get }
    static var reduction: Reduction { get }
    /// A length for each spatial axis. Keras: `output_size`.
    var outputSize: [Int] { get set }
    var dataFormat: DataFormat { get set }
    init()
}

extension AdaptivePoolingLayer {
    public static var dialects: Set<Dialect> { [.keras3] }
    public static var blank: Self { Self() }
    public static var keys: [ConfigKey<Self>] {
        [.extents("output_size", \.outputSize, rank: spatialRank, isRequired: true), .key("data_format", \.dataFormat)]
    }

    /// - Parameter outputSize: a length for each spatial axis.
    public init(_ outputSize: [Int], dataFormat: DataFormat = .channelsLast, name: String? = nil) {
        self.init()
        self.outputSize = outputSize
        self.dataFormat = dataFormat
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        var shape = try onlyInput(inputs)
        try shape.check(rank: Self.spatialRank + 2)
        try checkExtents(outputSize, rank: Self.spatialRank, key: "output_size")
        for (axis, length) in zip(dataFormat.axes(rank: Self.spatialRank).spatial, outputSize) { shape[axis] = length }
        return [shape]
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { switched(move, \.dataFormat) }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let result = try call.channelsLast(inputs[0], dataFormat) { image in
            var x = image
            for axis in 1...Self.spatialRank { x = try pooled(x, axis, outputSize[axis - 1], call) }
            return x
        }
        return [result]
    }

    /// One axis after the other: means of means are the mean, since a window of several axes is as long along each row.
    private func pooled(_ x: Value, _ axis: Int, _ count: Int, _ call: LayerCall) throws -> Value {
        let length = x.shape[axis]
        guard length > 0, count <= 4096 else {
            throw KerasError(
                .unsupported, "so many windows are not run", at: Place(key: "output_size"), found: "\(count) of \(length) cells")
        }
        if count == length { return x }
        let parts = try (0..<count).map { place in
            let (start, end) = (place * length / count, ((place + 1) * length + count - 1) / count)
            var (starts, sizes) = ([Int](repeating: 0, count: x.rank), x.shape.dims)
            (starts[axis], sizes[axis]) = (start, end - start)
            let cells = try call.emit(.slice(starts: starts, sizes: sizes), x)
            return end - start == 1 ? cells : try call.emit(.reduce(Self.reduction, axes: [axis], keepDims: true), cells)
        }
        return parts.count == 1 ? parts[0] : try call.emit(.concatenate(axis: axis), parts)
    }
}
