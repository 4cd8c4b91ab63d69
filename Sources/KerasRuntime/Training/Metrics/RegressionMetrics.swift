import KerasModel
import Tensors

extension RootMeanSquaredError: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term { try (p - y)(.square).mean([p.last]) }
    /// It sums up by itself.
    var heedsMasks: Bool { false }
    func figure(ofMean mean: Double) -> Double { mean.squareRoot() }
}

extension MeanRelativeError: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let inverse = normalizer.values.map { $0 == 0 ? 0 : 1 / $0 }
        return try ((y - p)(.abs) * p.tape.constant(inverse, shape: normalizer.shape, as: p.dtype)).mean([p.last])
    }
}

extension PearsonCorrelation: RowFormula {
    var rowAxis: Int { axis }

    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let axis = try axis(in: p.shape)
        func standard(_ x: Term) throws -> Term {
            let centered = try x - x.mean([axis], keepDims: true)
            return try centered / centered(.square).mean([axis], keepDims: true)(.sqrt)
        }
        return try (standard(y) * standard(p)).mean([axis])
    }
}

extension ConcordanceCorrelation: RowFormula {
    var rowAxis: Int { axis }

    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let axis = try axis(in: p.shape)
        let (yMean, pMean) = (try y.mean([axis], keepDims: true), try p.mean([axis], keepDims: true))
        let yVariance = try (y - yMean)(.square).mean([axis], keepDims: true)
        let pVariance = try (p - pMean)(.square).mean([axis], keepDims: true)
        let norm = try yVariance + pVariance + (yMean - pMean)(.square)
        return try (2 * ((y - pMean) * (p - pMean)) / (norm + epsilon)).mean([axis])
    }
}
