import KerasModel
import Tensors

extension CategoricalCrossentropy: RowFormula {
    var rowAxis: Int { axis }
    var logits: LogitSource? { .softmax }

    func formula(_ y: Term, _ p: Term, areLogits: Bool) throws -> Term {
        let axis = try axis(in: p.shape)
        let y = try y.smoothed(labelSmoothing, classes: p.shape[axis])
        let logarithms =
            fromLogits || areLogits
            ? try p.emit(.logSoftmax(axis: axis))
            : try (p / p.sum([axis], keepDims: true)).clipped(epsilon, 1 - epsilon)(.log)
        return try -(y * logarithms).sum([axis])
    }
}

extension SparseCategoricalCrossentropy: RowFormula {
    var targetForm: TargetForm { .classNumber }
    var rowAxis: Int { axis }
    var logits: LogitSource? { .softmax }

    func formula(_ y: Term, _ p: Term, areLogits: Bool) throws -> Term {
        let axis = try axis(in: p.shape)
        let logits = fromLogits || areLogits ? p : try p.clipped(epsilon, 1 - epsilon)(.log)
        let own = try logits.emit(.logSoftmax(axis: axis)).gated(by: y.oneHot(p.shape, axis: axis)).sum([axis])
        // What is ignored may happen to be a class.
        return try counted(y).map { try -own * $0 } ?? -own
    }

    func counted(_ y: Term) throws -> Term? {
        try ignoreClass.map { try y.compared(.notEqual, Double($0)).squeezed(axis(in: y.shape)) }
    }

    func check(_ targets: Tensor, outputs: Shape) throws {
        let classes = outputs[try axis(in: outputs)]
        for target in try targets.scalars(as: Double.self) where target != ignoreClass.map(Double.init) {
            guard target >= 0, target < Double(classes) else {
                throw KerasError(.mismatch, "a target is no class of the output", found: "\(target)", expected: "0 … \(classes - 1)")
            }
        }
    }
}

extension BinaryCrossentropy: RowFormula {
    var rowAxis: Int { axis }
    var logits: LogitSource? { .sigmoid }

    func formula(_ y: Term, _ p: Term, areLogits: Bool) throws -> Term {
        let y = try y.smoothed(labelSmoothing, classes: 2)
        let axis = try axis(in: p.shape)
        if fromLogits || areLogits { return try p.crossentropy(ofLogits: y).mean([axis]) }
        let p = try p.clipped(epsilon, 1 - epsilon)
        switch clipping {
        case .clipped: return try -(y * p(.log) + (1 - y) * (1 - p)(.log)).mean([axis])
        case .clippedAndOffset: return try -(y * (p + epsilon)(.log) + (1 - y) * (1 - p + epsilon)(.log)).mean([axis])
        case .logit: return try (p / (1 - p))(.log).crossentropy(ofLogits: y).mean([axis])
        }
    }
}

extension KLDivergence: RowFormula {
    func formula(_ y: Term, _ p: Term, areLogits: Bool) throws -> Term {
        let y = try y.clipped(epsilon, 1)
        return try (y * (y / p.clipped(epsilon, 1))(.log)).sum([p.last])
    }
}

extension Poisson: RowFormula {
    func formula(_ y: Term, _ p: Term, areLogits: Bool) throws -> Term { try (p - y * (p + epsilon)(.log)).mean([p.last]) }
}

extension Term {
    /// `y·(1 − s) + s / classes`
    func smoothed(_ smoothing: Double, classes: Int) throws -> Term {
        smoothing == 0 ? self : try self(.affine(scale: 1 - smoothing, offset: smoothing / Double(classes)))
    }

    /// `−y·ln σ(x) − (1 − y)·ln(1 − σ(x))` of x, which this is.
    func crossentropy(ofLogits y: Term) throws -> Term { try self(.softplus) - self * y }
}
