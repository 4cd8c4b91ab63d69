import KerasModel
import Tensors

/// One output of a model on one batch, with what it should have been.
struct OutputBatch {
    let output: Tensor
    /// The operand of the softmax or sigmoid that gave `output`.
    let logits: (source: LogitSource, tensor: Tensor)?
    let target: Tensor

    /// The rows a function sees, and the shape its values have.
    ///
    /// Targets may lack a last axis of 1, or have one too many, as Keras allows; nothing else is stretched to fit.
    ///
    /// - Throws: a `mismatch` problem if targets and outputs do not fit together.
    func rows(for function: any RowFunction, readsLogits: Bool) throws -> (batch: RowBatch, shape: [Int]) {
        var source = output
        var areLogits = false
        if readsLogits, let logits, let wanted = function.logits, logits.source == wanted {
            source = logits.tensor
            areLogits = true
        }
        var shape = source.shape
        let targetShape: Shape
        switch function.targetForm {
        case .classNumber:
            try matchClasses(axis: shape.position(function.rowAxis))
            targetShape = target.shape
        case .likeOutput:
            if target.shape == shape.dropping(last: 1), target.rank > 1 {
                // Keras lets the output's last axis fall here, and with it the way back to the logits.
                shape = target.shape
                source = output
                areLogits = false
            } else if target.shape != shape, target.shape != shape.dropping(last: 1), target.shape.dropping(last: 1) != shape {
                throw mismatch(expected: "\(shape)")
            }
            targetShape = shape
        }
        let axis = try shape.position(function.rowAxis)
        let order = shape.dims.indices.filter { $0 != axis } + [axis]
        var targets = try target.reshaped(to: targetShape)
        if function.targetForm == .likeOutput { targets = targets.transposed(order) }
        let outputs = try source.reshaped(to: shape).transposed(order)
        let batch = RowBatch(targets: try targets.scalars(), outputs: try outputs.scalars(), columns: shape[axis], areLogits: areLogits)
        return (batch, order.dropLast().map { shape[$0] })
    }

    /// Class numbers stand for a whole row: their shape is the output's without the row axis, or with 1 in its place.
    private func matchClasses(axis: Int) throws {
        var without = output.shape.dims
        without.remove(at: axis)
        var one = output.shape.dims
        one[axis] = 1
        guard target.shape.dims == without || target.shape.dims == one else {
            throw mismatch(expected: "\(Shape(without)) or \(Shape(one))")
        }
    }

    private func mismatch(expected: String) -> KerasError {
        KerasError(.mismatch, "targets do not fit the output", found: "\(target.shape)", expected: expected)
    }
}

extension Shape {
    /// - Throws: a `mismatch` problem if there is no such axis.
    fileprivate func position(_ axis: Int) throws -> Int {
        let own = axis < 0 ? axis + rank : axis
        guard own >= 0, own < rank else { throw KerasError(.mismatch, "there is no such axis", found: "axis \(axis) of \(self)") }
        return own
    }

    /// The shape without its last axis, if that has this length.
    fileprivate func dropping(last length: Int) -> Shape? { dims.last == length ? Shape(Array(dims.dropLast())) : nil }
}

/// The weight of each row's value.
struct RowWeights {
    let values: [Float]

    /// - Parameters:
    ///   - weights: one per sample, or per step or pixel of it.
    ///   - shape: the shape of the values they weigh.
    /// - Throws: a `mismatch` problem if they do not fit.
    init(_ weights: Tensor, shape: [Int]) throws {
        var dims = weights.shape.dims
        if dims.count > shape.count || dims.count > 1 && !shape.starts(with: dims), dims.last == 1 { dims.removeLast() }
        guard shape.starts(with: dims), !dims.isEmpty else {
            throw KerasError(
                .mismatch, "sample weights do not fit the targets", found: "\(weights.shape)", expected: "the first axes of \(Shape(shape))"
            )
        }
        let own = try weights.scalars(as: Float.self)
        let each = shape.dropFirst(dims.count).reduce(1, *)
        values = own.flatMap { Array(repeating: $0, count: each) }
    }
}
