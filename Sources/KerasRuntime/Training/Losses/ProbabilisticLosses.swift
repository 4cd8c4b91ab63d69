import KerasModel
import Tensors

extension CategoricalCrossentropy: RowFormula {
    var rowAxis: Int { axis }
    var usesLogits: Bool { true }

    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let axis = try axis(in: p.shape)
        let y = try y.smoothed(labelSmoothing, classes: p.shape[countsLastAxis ? p.last : axis])
        let logits = logits ?? (fromLogits ? p : nil)
        let logarithms = try logits?.emit(.logSoftmax(axis: axis)) ?? p.probabilities(axis)(.log)
        return try -(y * logarithms).sum([axis])
    }
}

extension CategoricalFocalCrossentropy: RowFormula {
    var rowAxis: Int { axis }
    var usesLogits: Bool { looksBehindSoftmax }

    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let axis = try axis(in: p.shape)
        let y = try y.smoothed(labelSmoothing, classes: p.shape[p.last])
        let logits = logits ?? (fromLogits ? p : nil)
        let p = try (logits?.emit(.softmax(axis: axis)) ?? p).probabilities(axis)
        let alpha = try p.tape.constant(alpha.values, shape: alpha.shape, as: p.dtype)
        return try -((1 - p)(.power(gamma)) * alpha * y * p(.log)).sum([axis])
    }
}

extension SparseCategoricalCrossentropy: RowFormula {
    var targetForm: TargetForm { .classNumber }
    var rowAxis: Int { axis }
    var usesLogits: Bool { true }

    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let axis = try axis(in: p.shape)
        let logits = try logits ?? (fromLogits ? p : p.clipped(epsilon, 1 - epsilon)(.log))
        let own = try logits.emit(.logSoftmax(axis: axis)).gated(by: y.oneHot(p.shape, axis: axis)).sum([axis])
        // What is ignored may happen to be a class.
        return try counted(y, rows: own).map { try -own * $0 } ?? -own
    }

    func counted(_ y: Term, rows: Term) throws -> Term? {
        try ignoreClass.map { try y.compared(.notEqual, Double($0)).reshaped(rows.shape) }
    }

    var countsAllInMetrics: Bool { countsIgnoredInMetrics }

    func check(_ targets: Tensor, outputs: Shape) throws {
        try targets.checkClasses(outputs[try axis(in: outputs)], ignored: ignoreClass)
    }
}

extension CategoricalGeneralizedCrossEntropy: RowFormula {
    var targetForm: TargetForm { .classNumber }

    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let own = try (p * y.oneHot(p.shape, axis: p.last)).sum([p.last])
        return try (1 / q) * (1 - own(.power(q)))
    }
}

extension BinaryCrossentropy: RowFormula {
    var rowAxis: Int { axis }
    var usesLogits: Bool { true }

    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let y = try y.smoothed(labelSmoothing, classes: 2)
        return try clipping.crossentropy(y, p, logits: logits ?? (fromLogits ? p : nil)).mean([axis(in: p.shape)])
    }
}

extension BinaryFocalCrossentropy: RowFormula {
    var rowAxis: Int { axis }
    var usesLogits: Bool { true }

    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let y = try y.smoothed(labelSmoothing, classes: 2)
        let chance = fromLogits ? try p(.sigmoid) : p
        let crossentropy = try clipping.crossentropy(y, chance, logits: fromLogits ? p : logits)
        // 1 − y·p − (1 − y)·(1 − p)
        let miss = try y + chance - 2 * (y * chance)
        var focal = try miss(.power(gamma)) * crossentropy
        if appliesClassBalancing { focal = try y(.affine(scale: 2 * alpha - 1, offset: 1 - alpha)) * focal }
        return try focal.mean([axis(in: p.shape)])
    }
}

extension BinaryCrossentropy.Clipping {
    /// `−y·ln p − (1 − y)·ln(1 − p)`, of logits if there are any.
    fileprivate func crossentropy(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        if let logits { return try logits(.softplus) - logits * y }
        let p = try p.clipped(epsilon, 1 - epsilon)
        switch self {
        case .clipped: return try -(y * p(.log) + (1 - y) * (1 - p)(.log))
        case .clippedAndOffset: return try -(y * (p + epsilon)(.log) + (1 - y) * (1 - p + epsilon)(.log))
        case .logit: return try crossentropy(y, p, logits: (p / (1 - p))(.log))
        }
    }
}

extension KLDivergence: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let y = try y.clipped(epsilon, 1)
        return try (y * (y / p.clipped(epsilon, 1))(.log)).sum([p.last])
    }
}

extension Poisson: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term { try (p - y * (p + epsilon)(.log)).mean([p.last]) }
}

extension Term {
    /// `y·(1 − s) + s / classes`
    fileprivate func smoothed(_ smoothing: Double, classes: Int) throws -> Term {
        smoothing == 0 ? self : try self(.affine(scale: 1 - smoothing, offset: smoothing / Double(classes)))
    }

    /// Brought to the sum 1 and away from 0 and 1.
    fileprivate func probabilities(_ axis: Int) throws -> Term {
        try (self / sum([axis], keepDims: true)).clipped(epsilon, 1 - epsilon)
    }
}

extension Tensor {
    /// - Throws: a `mismatch` problem for a number that is no class.
    func checkClasses(_ classes: Int, ignored: Int? = nil) throws {
        for target in try scalars(as: Double.self) where target != ignored.map(Double.init) {
            guard target >= 0, target < Double(classes) else {
                throw KerasError(.mismatch, "a target is no class of the output", found: "\(target)", expected: "0 … \(classes - 1)")
            }
        }
    }
}
