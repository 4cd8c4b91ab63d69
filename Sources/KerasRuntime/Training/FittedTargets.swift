import KerasModel
import Tensors

/// One output of a model in a formula, beside what it should have been.
struct OutputTerms {
    /// `(n, …)`.
    let target: Term
    /// `(n, …)`.
    let output: Term
    /// The operand of the softmax or sigmoid that gave `output`.
    var logits: Term?
}

extension RowFormula {
    /// The rows of targets and outputs as they come.
    ///
    /// Targets may lack a last axis of 1, or have one too many, as Keras allows; nothing else is stretched to fit.
    ///
    /// - Parameter readsLogits: whether the output's logits may stand for it.
    /// - Returns: a number per row, and 1 or 0 for those that count or do not (nil: all do).
    /// - Throws: a `mismatch` problem if targets and outputs do not fit together.
    func rows(_ terms: OutputTerms, readsLogits: Bool) throws -> (rows: Term, counted: Term?) {
        var source = try terms.output.inFullPrecision()
        var logits = usesLogits && readsLogits ? try terms.logits?.inFullPrecision() : nil
        var target = try terms.target.cast(to: source.dtype)
        switch targetForm {
        case .classNumber:
            let axis = try axis(in: source.shape)
            var (without, one) = (source.shape.dims, source.shape.dims)
            without.remove(at: axis)
            one[axis] = 1
            guard target.shape.dims == without || target.shape.dims == one else {
                throw target.mismatch(expected: "\(Shape(without)) or \(Shape(one))")
            }
            target = try target.reshaped(Shape(one))
        case .likeOutput:
            if target.shape == source.shape.dropping(last: 1), target.shape.rank > 1 {
                // Keras lets the output's last axis fall here, and with it the way back to the logits.
                source = try source.reshaped(target.shape)
                logits = nil
            } else if target.shape != source.shape, target.shape != source.shape.dropping(last: 1),
                target.shape.dropping(last: 1) != source.shape
            {
                throw target.mismatch(expected: "\(source.shape)")
            }
            target = try target.reshaped(source.shape)
            _ = try axis(in: source.shape)
        case .ofItsOwn: break
        }
        let rows = try formula(target, source, logits: logits)
        return (rows, try counted(target, rows: rows))
    }
}

extension Term {
    /// Half precision is left behind where it begins to matter.
    fileprivate func inFullPrecision() throws -> Term { dtype == .float64 ? self : try cast(to: .float32) }

    fileprivate func mismatch(expected: String) -> KerasError {
        KerasError(.mismatch, "targets do not fit the output", found: "\(shape)", expected: expected)
    }

    /// Samples' weights, one per sample or per step or pixel of it, as a factor of the rows they weigh.
    ///
    /// - Throws: a `mismatch` problem if they do not fit.
    func asWeights(of rows: Term) throws -> Term {
        let shape = rows.shape.dims
        var dims = self.shape.dims
        if dims.count > shape.count || dims.count > 1 && !shape.starts(with: dims), dims.last == 1 { dims.removeLast() }
        guard shape.starts(with: dims), !dims.isEmpty else {
            throw KerasError(
                .mismatch, "sample weights do not fit the targets", found: "\(self.shape)", expected: "the first axes of \(Shape(shape))")
        }
        return try cast(to: rows.dtype).reshaped(Shape(dims + [Int](repeating: 1, count: shape.count - dims.count)))
    }
}

extension Shape {
    /// The shape without its last axis, if that has this length.
    fileprivate func dropping(last length: Int) -> Shape? { dims.last == length ? Shape(Array(dims.dropLast())) : nil }
}
