import KerasModel
import Tensors

extension Loss {
    /// A batch's loss for one output: one number, `()`.
    ///
    /// - Parameters:
    ///   - weights: the samples' weights, `(n)` or more of the rows' first axes.
    ///   - mask: 1 for steps that count, 0 for others, of the rows' shape or its first axes.
    ///   - weighting: how the weights enter.
    /// - Returns: the loss, and the numbers of the rows that it sums up; none if it is not their sum by how many there are.
    /// - Throws: a `mismatch` problem if targets or weights do not fit, `unsupported` for a loss without arithmetic.
    func batch(
        _ terms: OutputTerms, weights: Term? = nil, mask: Term? = nil, weighting: EvaluationSpec.SampleWeighting
    ) throws -> (loss: Term, rows: Term?) {
        let (rows, own) = try rowFormula(function).rows(terms, readsLogits: readsLogits)
        let mask = try mask.map { try $0.asWeights(of: rows).broadcast(to: rows.shape) }
        let counted = try own.map { own in try mask.map { try own * $0 } ?? own } ?? mask
        let isMean = reduction == .mean && counted == nil && (weights == nil || weighting != .overNonzero)
        return (try batch(rows: rows, weights: weights, counted: counted, weighting: weighting), isMean ? rows : nil)
    }

    /// What becomes of the rows' numbers: `Σ L·w` by what the reduction divides by.
    ///
    /// - Parameters:
    ///   - rows: L, a number for each row.
    ///   - weights: w, one for each of the rows' first axes; nil for 1.
    ///   - counted: 1 or 0 for each row; those of 0 are as if they were not there. nil for 1.
    func batch(rows: Term, weights: Term?, counted: Term?, weighting: EvaluationSpec.SampleWeighting) throws -> Term {
        let rows = rows.shape.rank == 0 && weights != nil ? try rows.broadcast(to: weights!.shape) : rows
        let weights = try weights.map { try $0.asWeights(of: rows) }
        let factor = try weights.map { weights in try counted.map { try weights * $0 } ?? weights } ?? counted
        let sum = try (factor.map { try rows * $0 } ?? rows).sum(rows.allAxes)
        let total = Double(rows.shape.count)
        switch reduction {
        case .sum: return sum
        case .weightedMean:
            guard let factor else { return try sum * (total == 0 ? 0 : 1 / total) }
            return try sum.divided(by: factor.broadcast(to: rows.shape).sum(rows.allAxes))
        case .mean:
            let count = try counted.map { try $0.sum($0.allAxes) }
            guard weighting == .overNonzero, let weights else {
                return try count.map { try sum.divided(by: $0) } ?? sum * (total == 0 ? 0 : 1 / total)
            }
            let nonzero = try weights.compared(.notEqual, 0).broadcast(to: rows.shape).sum(rows.allAxes)
            return try sum.divided(by: count.map { try nonzero * ($0 * (1 / total)) } ?? nonzero)
        }
    }
}

extension Term {
    /// 0 by 0 is 0, as everything divided by nothing is.
    func divided(by count: Term) throws -> Term {
        let isNothing = try count.compared(.equal, 0)
        return try self / (count + isNothing) * (1 - isNothing)
    }
}
