import JSON
import Tensors

/// A bucket for each combination of texts or whole numbers: several of `(n)` or `(n, 1)` → the same, or `(n, numBins)`.
public struct HashedCrossing: Layer {
    public static let className = "HashedCrossing"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = HashedCrossing(0)
    public static let inputCount = 2...Int.max
    public static let castsInputs = false
    public static let readsData = true
    public static let writesInputShape = false
    /// TensorFlow's `_DEFAULT_HASH_KEY` of `sparse.cross_hashed`.
    private static let key: UInt64 = 0xDE_CAFC_AFFE
    public static let commonKeys: [ConfigKey<HashedCrossing>] = []
    public static let keys: [ConfigKey<HashedCrossing>] = [
        .key("name", \.base.name, in: [.tfKeras]),
        .key("trainable", \.base.trainable, in: [.tfKeras]),
        .key("dtype", \.base.dtype, in: [.tfKeras]),
        .required("num_bins", \.binCount),
        .key("output_mode", \.outputMode),
        .key("sparse", \.sparse),
        .key("name", \.base.name, in: [.keras3]),
        .key("dtype", \.base.plainDType, in: [.keras3]),
    ]

    public var base = LayerBase()
    /// Keras: `num_bins`.
    public var binCount: Int
    public var outputMode = OutputMode.int
    var sparse = false

    public init(_ binCount: Int, outputMode: OutputMode = .int, name: String? = nil) {
        self.binCount = binCount
        self.outputMode = outputMode
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        try checkExtents([binCount], rank: 1, key: "num_bins")
        guard !sparse else { throw KerasError(.unsupported, "sparse tensors are not run", at: Place(key: "sparse"), found: "true") }
        guard let first = inputs.first, first.rank == 1 || first.rank == 2 && first.last == 1, inputs.allSatisfy({ $0.rank == first.rank }),
            outputMode == .int || outputMode == .oneHot
        else {
            throw KerasError(
                .mismatch, "these are not crossed", found: inputs.map(\.description).joined(separator: ", "), expected: "several of (n, 1)")
        }
        return [try outputMode.outputShape(first, depth: binCount)]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        [
            try call.read(inputs, as: outputMode.foundType) { data in
                // Text counts by its fingerprint, whole numbers as they are.
                let columns = try data.map { column in
                    try column.dtype.isText
                        ? column.utf8().map(FarmHash.fingerprint)
                        : column.scalars(as: Int64.self).map { UInt64(bitPattern: $0) }
                }
                let places = columns[0].indices.map { row in
                    Int(columns.reduce(HashedCrossing.key) { FarmHash.joined($0, $1[row]) } % UInt64(binCount))
                }
                return try outputMode.encode([places], shape: data[0].shape, depth: binCount)
            }
        ]
    }
}
