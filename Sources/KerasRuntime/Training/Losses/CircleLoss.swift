import KerasModel
import Tensors

extension Circle: RowFormula {
    var targetForm: TargetForm { .classNumber }

    /// `softplus(ln Σ exp(−γ·a⁺·(m − d)) + ln Σ exp(γ·a⁻·(1 − m − d)))` of the distances d from a sample to those of its class and to the
    /// others: `(n)`.
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        guard p.shape.rank == 2 else {
            throw KerasError(.mismatch, "the circle loss compares vectors", found: "\(p.shape)", expected: "(samples, numbers)")
        }
        let samples = p.shape[0]
        let distances = try (1 - p.emit(.matrixMultiply, p.transposed([1, 0]))).atLeast(0)
        let same = try y.compared(.equal, y.transposed([1, 0]))
        var alike = same
        if removesDiagonal {
            let others = (0..<samples * samples).map { $0 / samples == $0 % samples ? 0.0 : 1 }
            alike = try same * p.tape.constant(others, shape: [samples, samples], as: p.dtype)
        }
        let others = try 1 - same
        let near = try -gamma * ((distances + margin) * alike).atLeast(0) * (margin - distances)
        let far = try gamma * ((1 + margin - distances) * others).atLeast(0) * (1 - margin - distances)
        return try (near.logSumOfExponentials(where: alike) + far.logSumOfExponentials(where: others))(.softplus)
    }

    /// Samples without a loss are not counted.
    func counted(_ targets: Term, rows: Term) throws -> Term? { try rows.compared(.greater, 0) }
}

extension Term {
    /// Along the last axis, over what `mask` has 1 for; −∞ where that is nothing.
    fileprivate func logSumOfExponentials(where mask: Term) throws -> Term {
        let chosen = try gated(by: mask) + mask(.log)
        let largest = try chosen.reduced(.max, [last], keepDims: true).atLeast(-1e30)
        return try ((chosen - largest)(.exp).sum([last], keepDims: true)(.log) + largest).squeezed(last)
    }
}
