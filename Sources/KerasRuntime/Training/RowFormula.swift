import KerasModel
import Tensors

/// The arithmetic of a loss or a metric, written in primitives: a number for each row of a batch.
///
/// A row is what stands along ``rowAxis`` of an output: one sample's probabilities, or one pixel's. There is one formula for evaluating and
/// for training, which differentiates it.
protocol RowFormula: TrainingFunction {
    /// What a target looks like beside its output.
    var targetForm: TargetForm { get }
    /// The axis rows lie along, negative ones from the back.
    var rowAxis: Int { get }
    /// Whether the operand of a softmax or a sigmoid, if an output comes from one, is used in place of its value.
    var usesLogits: Bool { get }

    /// One number per row.
    ///
    /// - Parameters:
    ///   - targets: of the outputs' shape; class numbers have 1 in place of the row axis.
    ///   - outputs: `(n, …)`, in single precision or double.
    ///   - logits: what a softmax or sigmoid made the outputs of, whichever of the two: Keras does not ask. nil if none did.
    /// - Returns: the outputs' shape without the row axis, unless the function says otherwise.
    func formula(_ targets: Term, _ outputs: Term, logits: Term?) throws -> Term

    /// 1 for rows that count at all, 0 for others, whose number is 0; nil if all of them do.
    ///
    /// - Parameter rows: the formula's result.
    func counted(_ targets: Term, rows: Term) throws -> Term?

    /// Whether the mean that the function is as a metric is over all rows, or over those that are ``counted(_:rows:)``; with samples' weights it
    /// is over those.
    var countsAllInMetrics: Bool { get }

    /// Whether the mean that the function is as a metric leaves out what the output's mask does, in Keras 3.
    var heedsMasks: Bool { get }

    /// What a metric makes of the mean over all batches' rows.
    func figure(ofMean mean: Double) -> Double

    /// Looks at what no formula can refuse.
    ///
    /// - Parameter outputs: the shape of the outputs.
    /// - Throws: a `mismatch` problem for targets the function is not defined for.
    func check(_ targets: Tensor, outputs: Shape) throws
}

extension RowFormula {
    var targetForm: TargetForm { .likeOutput }
    var rowAxis: Int { -1 }
    var usesLogits: Bool { false }
    func counted(_ targets: Term, rows: Term) throws -> Term? { nil }
    var countsAllInMetrics: Bool { true }
    var heedsMasks: Bool { true }
    func figure(ofMean mean: Double) -> Double { mean }
    func check(_ targets: Tensor, outputs: Shape) throws {}

    /// The place of the row axis among those of `shape`.
    ///
    /// - Throws: a `mismatch` problem if there is no such axis.
    func axis(in shape: Shape) throws -> Int {
        let own = rowAxis < 0 ? rowAxis + shape.rank : rowAxis
        guard own >= 0, own < shape.rank else {
            throw KerasError(.mismatch, "there is no such axis", found: "axis \(rowAxis) of \(shape)")
        }
        return own
    }
}

enum TargetForm: Sendable {
    /// A number for each of the output's.
    case likeOutput
    /// One class number per row.
    case classNumber
    /// What the function itself says.
    case ofItsOwn
}

/// Keras's `backend.epsilon()`.
let epsilon = 1e-7

extension Term {
    /// 1 at the class that a number stands for, else 0, along `axis` of `shape`. This has 1 there.
    func oneHot(_ shape: Shape, axis: Int) throws -> Term {
        var dims = [Int](repeating: 1, count: shape.rank)
        dims[axis] = shape[axis]
        let numbers = try tape.constant((0..<shape[axis]).map(Double.init), shape: Shape(dims), as: dtype)
        return try self(.floor).compared(.equal, numbers)
    }

    /// Without an axis of length 1.
    func squeezed(_ axis: Int) throws -> Term {
        var dims = shape.dims
        dims.remove(at: axis)
        return try reshaped(Shape(dims))
    }
}

/// - Throws: an `unsupported` problem if only the description is known.
func rowFormula(_ function: any TrainingFunction) throws -> any RowFormula {
    guard let known = function as? any RowFormula else {
        throw KerasError(.unsupported, "this version does not compute this function", found: function.names.className)
    }
    return known
}

extension OpGraph {
    /// What a softmax or a sigmoid was taken of, if an output comes straight from one: in float32, as Keras looks behind it.
    func logits(behind output: ValueID) -> ValueID? {
        guard case .node(let position) = values[output].source, values[output].dtype == .float32 else { return nil }
        switch nodes[position].op {
        case .softmax, .unary(.sigmoid): return nodes[position].inputs[0]
        default: return nil
        }
    }
}
