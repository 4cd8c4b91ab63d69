import KerasModel
import Tensors

/// The arithmetic of a loss or a metric: one number for each row of a batch.
///
/// A row is what stands along the class axis of an output: one sample's probabilities, or one pixel's. Numbers are float32, as Keras
/// computes them whatever the model's type.
package protocol RowFunction: TrainingFunction {
    /// What a target looks like beside its output.
    var targetForm: TargetForm { get }
    /// The axis rows lie along, negative ones from the back.
    var rowAxis: Int { get }
    /// The function whose operand can be used in place of its value.
    var logits: LogitSource? { get }

    /// One number per row.
    ///
    /// - Throws: a `mismatch` problem for targets the function is not defined for.
    func forward(_ batch: RowBatch) throws -> [Float]

    /// The rows that count at all; nil for all of them.
    func counted(_ batch: RowBatch) -> [Bool]?
}

extension RowFunction {
    package var targetForm: TargetForm { .likeOutput }
    package var rowAxis: Int { -1 }
    package var logits: LogitSource? { nil }
    package func counted(_ batch: RowBatch) -> [Bool]? { nil }
}

package enum TargetForm: Sendable {
    /// A number for each of the output's.
    case likeOutput
    /// One class number per row.
    case classNumber
}

package enum LogitSource: Sendable { case softmax, sigmoid }

/// The targets and outputs of a batch, row by row.
package struct RowBatch: Sendable {
    /// As many per row as the function's ``RowFunction/targetForm`` says.
    package var targets: [Float]
    package var outputs: [Float]
    package var rows: Int
    /// The length of an output row.
    package var columns: Int
    /// True if the outputs are operands of a softmax or sigmoid where the function asked for them.
    package var areLogits = false

    package init(targets: [Float], outputs: [Float], columns: Int, areLogits: Bool = false) {
        self.targets = targets
        self.outputs = outputs
        self.columns = columns
        rows = columns == 0 ? 0 : outputs.count / columns
        self.areLogits = areLogits
    }

    /// The numbers of one row, target and output, summed up in double precision.
    @inline(__always) func sum(_ row: Int, _ term: (_ y: Float, _ p: Float) -> Float) -> Double {
        var sum = 0.0
        for index in row * columns..<(row + 1) * columns { sum += Double(term(targets[index], outputs[index])) }
        return sum
    }

    @inline(__always) func sums(_ term: (_ y: Float, _ p: Float) -> Float) -> [Float] { (0..<rows).map { Float(sum($0, term)) } }

    @inline(__always) func means(_ term: (_ y: Float, _ p: Float) -> Float) -> [Float] {
        (0..<rows).map { Float(sum($0, term) / Double(columns)) }
    }

    /// The class number of a row.
    ///
    /// - Throws: a `mismatch` problem if there is no such class.
    func classNumber(_ row: Int) throws -> Int {
        let target = targets[row]
        guard target > -1, target < Float(columns) else {
            throw KerasError(.mismatch, "a target is no class of the output", found: "\(target)", expected: "0 … \(columns - 1)")
        }
        return Int(target)
    }
}

/// Keras's `backend.epsilon()`.
let epsilon: Float = 1e-7

extension Float {
    /// Not a number stays so.
    func clipped(_ low: Float, _ high: Float) -> Float { self < low ? low : self > high ? high : self }
}

extension Loss {
    /// - Throws: an `unsupported` problem if only the description is known.
    func arithmetic() throws -> any RowFunction { try rowFunction(function) }
}

func rowFunction(_ function: any TrainingFunction) throws -> any RowFunction {
    guard let known = function as? any RowFunction else {
        throw KerasError(.unsupported, "this version does not compute this function", found: function.names.className)
    }
    return known
}
