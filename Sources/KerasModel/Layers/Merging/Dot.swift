import JSON
import Tensors

/// The inputs' products summed along one axis of each, sample by sample: `(n, x…, k)` and `(n, k, y…)` → `(n, x…, y…)`,
/// `(n, 1)` if nothing else is left. Normalized, it is the cosine of what is summed.
public struct Dot: Layer {
    public static let className = "Dot"
    public static let blank = Dot(axes: -1)
    public static let inputCount = 2...2
    public static let keys: [ConfigKey<Dot>] = [
        .required("axes", \.axes),
        .key("normalize", \.normalize),
    ]

    public var base = LayerBase()
    /// One axis of both inputs, or one of each.
    public var axes: Axes
    public var normalize = false

    public init(axes: Axes, normalize: Bool = false, name: String? = nil) {
        self.axes = axes
        self.normalize = normalize
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let (a, b) = try resolvedAxes(inputs)
        if let left = inputs[0][a], let right = inputs[1][b], left != right {
            throw KerasError(
                .mismatch, "the summed axes differ in length", found: "\(inputs[0]) and \(inputs[1])", expected: "\(left) at axis \(b)")
        }
        var (left, right) = (inputs[0].dims, inputs[1].dims)
        left.remove(at: a)
        right.remove(at: b)
        let dims = left + right.dropFirst()
        return [SymbolicShape(dims.count == 1 ? dims + [1] : dims)]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let shapes = inputs.map { SymbolicShape($0.shape) }
        let output = try outputShapes(shapes)[0].dims.compactMap { $0 }
        let (a, b) = try resolvedAxes(shapes)
        var (x, y) = (try call.cast(inputs[0], call.computeType), try call.cast(inputs[1], call.computeType))
        if normalize {
            x = try call.unitLength(x, axes: [a], least: 1e-7)
            y = try call.unitLength(y, axes: [b], least: 1e-7)
        }
        let (batch, length) = (x.shape[0], x.shape[a])
        let rows = x.shape.dims.indices.filter { $0 != 0 && $0 != a }
        let columns = y.shape.dims.indices.filter { $0 != 0 && $0 != b }
        let rowCount = rows.reduce(1) { $0 * x.shape[$1] }
        let columnCount = columns.reduce(1) { $0 * y.shape[$1] }
        let left = try call.reshape(try call.transpose(x, [0] + rows + [a]), [batch, rowCount, length])
        let right = try call.reshape(try call.transpose(y, [0, b] + columns), [batch, length, columnCount])
        return [try call.reshape(try call.emit(.matrixMultiply, left, right), output)]
    }

    private func resolvedAxes(_ inputs: [SymbolicShape]) throws -> (Int, Int) {
        guard let first = axes.values.first, let last = axes.values.last, axes.values.count <= 2 else {
            throw KerasError(
                .malformed, "a configuration value is not what it must be", at: Place(key: "axes"), found: "\(axes.values)",
                expected: "one axis or two")
        }
        let (a, b) = (try inputs[0].axis(first), try inputs[1].axis(last))
        guard a > 0, b > 0 else { throw KerasError(.mismatch, "Dot cannot sum over the batch", found: "axes \(axes.values)") }
        return (a, b)
    }
}
