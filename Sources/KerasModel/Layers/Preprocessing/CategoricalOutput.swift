import JSON
import Tensors

/// How numbers of categories are given. Keras: `output_mode`.
public enum OutputMode: String, CaseIterable, ConfigValue {
    case int
    /// A vector for each number, 1 at its place.
    case oneHot = "one_hot"
    /// A vector for each sample, 1 at the place of each number that it has.
    case multiHot = "multi_hot"
    /// The same with how often it has it.
    case count
    /// Counts weighed by how telling a category is; a lookup's.
    case tfIdf = "tf_idf"
}

extension OutputMode {
    func outputShape(_ input: SymbolicShape, depth: Int) throws -> SymbolicShape {
        switch self {
        case .int: return input
        case .oneHot: return SymbolicShape((input.rank > 1 && input.last == 1 ? Array(input.dims.dropLast()) : input.dims) + [depth])
        case .multiHot, .count, .tfIdf:
            guard input.rank <= 2 else {
                throw KerasError(.unsupported, "samples of several axes are not counted", at: Place(key: "output_mode"), found: "\(input)")
            }
            return SymbolicShape(Array(input.dims.dropLast()) + [depth])
        }
    }

    /// Whole numbers `(n, …)`, held as reals, in this form; counts with what each number counts for, `weights (n, …)`.
    func encode(_ x: Value, weights: Value? = nil, depth: Int, _ call: LayerCall) throws -> Value {
        guard self != .int else { return try call.cast(x, .int32) }
        guard depth <= 1 << 20 else { throw KerasError(.resource, "there are too many categories", found: "\(depth)") }
        var dims = x.shape.dims
        if self == .oneHot, dims.count > 1, dims.last == 1 { dims.removeLast() }
        let column = try call.reshape(x, dims + [1])
        let classes = Array(repeating: 1, count: dims.count) + [depth]
        let numbers = call.lowering.graph.constant(
            try Tensor((0..<depth).map(Double.init), shape: Shape(classes)).converted(to: x.dtype))
        var hot = try call.cast(try call.emit(.binary(.equal), column, numbers), call.computeType)
        if let weights {
            guard weights.shape == x.shape else {
                throw KerasError(.mismatch, "there must be a weight for each number", found: "\(weights.shape)", expected: "\(x.shape)")
            }
            hot = try call.emit(.binary(.multiply), hot, try call.reshape(weights, dims + [1]))
        }
        switch self {
        case .oneHot: return hot
        case .multiHot: return try call.emit(.reduce(.max, axes: [dims.count - 1], keepDims: false), hot)
        default: return try call.emit(.reduce(.sum, axes: [dims.count - 1], keepDims: false), hot)
        }
    }
}
