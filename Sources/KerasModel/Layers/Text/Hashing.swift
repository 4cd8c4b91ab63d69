import JSON
import Tensors

/// A bucket for each text or whole number, the same one on every machine: `(n, …)` → `(n, …)`, or in another form (``OutputMode``).
public struct Hashing: Layer {
    public static let className = "Hashing"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = Hashing(0)
    public static let castsInputs = false
    public static let readsData = true
    public static let writesInputShape = false
    public static let keys: [ConfigKey<Hashing>] = [
        .required("num_bins", \.binCount),
        .key("salt", \.salt),
        .key("mask_value", \.maskValue),
        .key("output_mode", \.outputMode),
        .key("sparse", \.sparse),
    ]

    public var base = LayerBase()
    /// Keras: `num_bins`.
    public var binCount: Int
    var salt = Salt()
    /// What goes into a bucket of its own, the first. Keras: `mask_value`.
    var maskValue: JSON = nil
    public var outputMode = OutputMode.int
    var sparse = false

    public init(_ binCount: Int, outputMode: OutputMode = .int, name: String? = nil) {
        self.binCount = binCount
        self.outputMode = outputMode
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        try checkExtents([binCount], rank: 1, key: "num_bins")
        let input = try onlyInput(inputs)
        guard !sparse else { throw KerasError(.unsupported, "sparse tensors are not run", at: Place(key: "sparse"), found: "true") }
        guard outputMode == .int || outputMode == .oneHot || input.rank == 2 else {
            throw KerasError(.unsupported, "samples of this shape are not counted", at: Place(key: "output_mode"), found: "\(input)")
        }
        return [try outputMode.outputShape(input, depth: binCount)]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        [
            try call.read(inputs, as: outputMode.foundType) { data in
                let isMasked = !maskValue.isNull && binCount > 1
                let count = isMasked ? binCount - 1 : binCount
                // Reals are compared before they are cut off.
                let masked = try data[0].dtype.isFloatingPoint ? data[0].scalars(as: Double.self).map { $0 == maskValue.number } : nil
                let mask = maskValue.string.map { Array($0.utf8) } ?? maskValue.integer.map { Array(String($0).utf8) }
                let places = try data[0].asTexts().enumerated().map { index, text in
                    if isMasked, masked?[index] ?? (text == mask) { return 0 }
                    return salt.bucket(of: text, count: count) + (isMasked ? 1 : 0)
                }
                let width = data[0].shape.dims.last ?? 1
                let rows =
                    outputMode == .int || outputMode == .oneHot || width == 0
                    ? [places] : stride(from: 0, to: places.count, by: width).map { Array(places[$0..<$0 + width]) }
                return try outputMode.encode(rows, shape: data[0].shape, depth: binCount)
            }
        ]
    }
}
