import JSON
import Tensors

/// The number of the bin that each number falls into: `(n, …)` → `(n, …)`, or in another form (``OutputMode``).
public struct Discretization: Layer {
    public static let className = "Discretization"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let blank = Discretization([])
    public static let castsInputs = false
    public static let keys: [ConfigKey<Discretization>] = [
        .key("bin_boundaries", \.boundaries),
        .key("num_bins", \.binCount),
        .key("epsilon", \.epsilon),
        .key("output_mode", \.outputMode),
        .key("sparse", \.sparse),
    ]

    public var base = LayerBase()
    /// Ascending; a number on one falls into the bin above it. Keras: `bin_boundaries`.
    public var boundaries: [Double]?
    /// How many were to be learnt. Keras: `num_bins`.
    var binCount: Int?
    var epsilon = 0.01
    public var outputMode = OutputMode.int
    var sparse = false

    public init(_ boundaries: [Double], outputMode: OutputMode = .int, name: String? = nil) {
        self.boundaries = boundaries
        self.outputMode = outputMode
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        guard let boundaries else {
            throw KerasError(
                .unsupported, "the boundaries of a Discretization are not in its configuration", at: Place(key: "bin_boundaries"))
        }
        guard !sparse else { throw KerasError(.unsupported, "sparse tensors are not run", at: Place(key: "sparse"), found: "true") }
        return [try outputMode.outputShape(try onlyInput(inputs), depth: boundaries.count + 1)]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let boundaries = boundaries ?? []
        let x = inputs[0].dtype.isFloatingPoint ? inputs[0] : try call.cast(inputs[0], .float32)
        guard !boundaries.isEmpty else {
            return [try outputMode.encode(try call.emit(.unary(.affine(scale: 0, offset: 0)), x), depth: 1, call)]
        }
        let edges = try Tensor(boundaries.sorted(), shape: Shape(Array(repeating: 1, count: x.rank) + [boundaries.count]))
        let column = try call.reshape(x, x.shape.dims + [1])
        let above = try call.emit(.binary(.greaterOrEqual), column, call.lowering.graph.constant(try edges.converted(to: x.dtype)))
        let bins = try call.emit(.reduce(.sum, axes: [x.rank], keepDims: false), above)
        return [try outputMode.encode(bins, depth: boundaries.count + 1, call)]
    }
}
