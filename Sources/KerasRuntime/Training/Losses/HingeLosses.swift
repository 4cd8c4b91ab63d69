import KerasModel

extension Hinge: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        try (1 - y.withSigns(convertsLabels) * p).atLeast(0).mean([p.last])
    }
}

extension SquaredHinge: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        try (1 - y.withSigns(convertsLabels) * p).atLeast(0)(.square).mean([p.last])
    }
}

extension CategoricalHinge: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let right = try (y * p).sum([p.last])
        let wrong = try ((1 - y) * p).reduced(.max, [p.last])
        return try (wrong - right + 1).atLeast(0)
    }
}

extension Term {
    /// Targets −1 and 1 for 0 and 1, if every one in the batch is 0 or 1.
    fileprivate func withSigns(_ convertsLabels: Bool) throws -> Term {
        guard convertsLabels, shape.count > 0 else { return self }
        let areBinary = try (compared(.equal, 0) + compared(.equal, 1)).reduced(.min, allAxes)
        // 2y − 1 or y.
        return try self + areBinary * (self - 1)
    }
}
