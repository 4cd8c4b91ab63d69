import KerasModel
import Tensors

/// A value in a formula: what is written with it is emitted into the graph it belongs to, as part of one layer.
///
/// Gradients are formulas of primitives. Operands broadcast as numpy's do.
struct Term {
    let value: Value
    let tape: Tape

    var shape: Shape { value.shape }
    var dtype: DType { value.dtype }

    func emit(_ op: Op, _ others: Term...) throws -> Term { try tape.emit(op, [self] + others) }

    func callAsFunction(_ function: Unary) throws -> Term { try emit(.unary(function)) }

    static func + (a: Term, b: Term) throws -> Term { try a.emit(.binary(.add), b) }
    static func - (a: Term, b: Term) throws -> Term { try a.emit(.binary(.subtract), b) }
    static func * (a: Term, b: Term) throws -> Term { try a.emit(.binary(.multiply), b) }
    static func / (a: Term, b: Term) throws -> Term { try a.emit(.binary(.divide), b) }
    static func + (a: Term, b: Double) throws -> Term { try a(.affine(scale: 1, offset: b)) }
    static func - (a: Term, b: Double) throws -> Term { try a(.affine(scale: 1, offset: -b)) }
    static func - (a: Double, b: Term) throws -> Term { try b(.affine(scale: -1, offset: a)) }
    static func * (a: Double, b: Term) throws -> Term { try b(.affine(scale: a, offset: 0)) }
    static func * (a: Term, b: Double) throws -> Term { try b * a }
    static prefix func - (a: Term) throws -> Term { try a(.negate) }

    /// This where `condition` is above 0, else 0.
    func gated(by condition: Term) throws -> Term { try emit(.binary(.gate), condition) }

    /// 1 or 0 for each element.
    func compared(_ comparison: Binary, _ other: Term) throws -> Term { try emit(.binary(comparison), other) }
    func compared(_ comparison: Binary, _ number: Double) throws -> Term {
        try emit(.binary(comparison), tape.constant(number, as: dtype))
    }

    /// Where it is less than `low`, that; both equal, the slope is this one's, as in TensorFlow.
    func atLeast(_ low: Double) throws -> Term { try emit(.binary(.maximum), tape.constant(low, as: dtype)) }

    /// NaN stays NaN.
    func clipped(_ low: Double, _ high: Double) throws -> Term { try self(.clamp(low: low, high: high)) }

    func sum(_ axes: [Int], keepDims: Bool = false) throws -> Term { try reduced(.sum, axes, keepDims: keepDims) }
    /// Over all axes but the last: first within each sample, which threads share out.
    func columnSums() throws -> Term { try sum(Array(1..<max(shape.rank - 1, 1))).sum([0]) }
    func mean(_ axes: [Int], keepDims: Bool = false) throws -> Term { try reduced(.mean, axes, keepDims: keepDims) }
    func reduced(_ reduction: Reduction, _ axes: [Int], keepDims: Bool = false) throws -> Term {
        axes.isEmpty ? self : try emit(.reduce(reduction, axes: axes, keepDims: keepDims))
    }

    /// The number of its last axis.
    var last: Int { shape.rank - 1 }
    var allAxes: [Int] { Array(0..<shape.rank) }

    func cast(to type: DType) throws -> Term { dtype == type ? self : try emit(.cast(type)) }

    func reshaped(_ target: Shape) throws -> Term { shape == target ? self : try emit(.reshape(target)) }

    func transposed(_ axes: [Int]) throws -> Term { axes == Array(0..<shape.rank) ? self : try emit(.transpose(axes)) }

    /// With its last two axes exchanged.
    func matrixTransposed() throws -> Term {
        try transposed(Array(0..<(shape.rank - 2)) + [shape.rank - 1, shape.rank - 2])
    }

    func broadcast(to target: Shape) throws -> Term { shape == target ? self : try emit(.broadcast(target)) }

    /// What an operand of this shape gets, if broadcasting it gave the shape this has: the sum over the copies.
    func summed(to target: Shape) throws -> Term {
        let missing = shape.rank - target.rank
        let stretched = target.dims.indices.filter { target[$0] == 1 && shape[$0 + missing] != 1 }.map { $0 + missing }
        return try sum(Array(0..<missing) + stretched, keepDims: true).reshaped(target)
    }
}

/// A graph that formulas are written into.
final class Tape {
    private(set) var graph: OpGraph
    /// The layer that what is written belongs to.
    var layer = ""

    init(_ graph: OpGraph) { self.graph = graph }

    func emit(_ op: Op, _ operands: [Term]) throws -> Term {
        Term(value: try graph.emit(op, operands.map(\.value), layer: layer), tape: self)
    }

    func emitAll(_ op: Op, _ operands: [Term]) throws -> [Term] {
        try graph.emitAll(op, operands.map(\.value), layer: layer).map { Term(value: $0, tape: self) }
    }

    /// Lets a loop keep more of each step.
    func extend(node index: Int, to scan: Scan) throws -> [Term] {
        try graph.extend(node: index, to: scan).map { Term(value: $0, tape: self) }
    }

    func input(shape: Shape, dtype: DType) -> Term { Term(value: graph.input(shape: shape, dtype: dtype), tape: self) }

    func term(_ id: OpGraph.ValueID) -> Term { Term(value: graph.value(id), tape: self) }

    func constant(_ number: Double, as dtype: DType) throws -> Term {
        try constant([number], shape: [], as: dtype)
    }

    func constant(_ numbers: [Double], shape: Shape, as dtype: DType) throws -> Term {
        Term(value: graph.constant(try Tensor(numbers, shape: shape).converted(to: dtype)), tape: self)
    }
}
