import KerasModel

extension MeanSquaredError: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term { try (p - y)(.square).mean([p.last]) }
}

extension MeanAbsoluteError: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term { try (p - y)(.abs).mean([p.last]) }
}

extension MeanAbsolutePercentageError: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        try 100 * ((y - p) / y(.abs).atLeast(epsilon))(.abs).mean([p.last])
    }
}

extension MeanSquaredLogarithmicError: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        try ((p.atLeast(epsilon) + 1)(.log) - (y.atLeast(epsilon) + 1)(.log))(.square).mean([p.last])
    }
}

extension LogCosh: RowFormula {
    /// `x + softplus(−2x) − ln 2`: cosh itself overflows early.
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let x = try p - y
        return try (x + (-2 * x)(.softplus) - 0.693147180559945309).mean([p.last])
    }
}

extension Huber: RowFormula {
    /// `c·(e − c/2)` of the error e and c, e clipped: `e²/2` within delta, `delta·|e| − delta²/2` outside.
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let error = try p - y
        let clipped = try error.clipped(-delta, delta)
        return try (clipped * (error - 0.5 * clipped)).mean([p.last])
    }
}

extension CosineSimilarity: RowFormula {
    var rowAxis: Int { axis }

    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let axis = try axis(in: p.shape)
        let cosine = try (y.normalized(axis) * p.normalized(axis)).sum([axis])
        return isNegated ? try -cosine : cosine
    }
}

extension Term {
    /// Vectors along an axis at length 1. One shorter than 1e-6 counts as that long, one of zeros as pointing nowhere.
    func normalized(_ axis: Int) throws -> Term {
        try self * reduced(.sumOfSquares, [axis], keepDims: true).atLeast(1e-12)(.rsqrt)
    }
}
