import KerasModel

extension BinaryAccuracy: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        try y.compared(.equal, rounds ? p(.round) : p.compared(.greater, threshold)).mean([p.last])
    }
}

extension ExactAccuracy: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term { try y.compared(.equal, p).mean([p.last]) }
}

extension CategoricalAccuracy: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        try y.placeOfLargest().compared(.equal, p.placeOfLargest()).squeezed(p.last)
    }
}

extension SparseCategoricalAccuracy: RowFormula {
    var targetForm: TargetForm { .classNumber }

    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        try y.compared(.equal, p.placeOfLargest()).squeezed(p.last)
    }
}

extension TopKCategoricalAccuracy: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term { try p.isAmongLargest(k, at: y.placeOfLargest()) }
}

extension SparseTopKCategoricalAccuracy: RowFormula {
    var targetForm: TargetForm { .classNumber }

    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term { try p.isAmongLargest(k, at: y) }
}

extension Term {
    /// Where the largest number along the last axis is, the first of equals: `(…, 1)`.
    func placeOfLargest() throws -> Term {
        let length = shape[last]
        let places = try tape.constant((0..<length).map(Double.init), shape: [length], as: dtype)
        let isLess = try compared(.less, reduced(.max, [last], keepDims: true))
        return try (places + Double(length) * isLess).reduced(.min, [last], keepDims: true)
    }

    /// 1 where fewer than `k` of a row are larger than the one at `place`, else 0; never if there is no such place, or one of them is not
    /// finite, as TensorFlow has it.
    fileprivate func isAmongLargest(_ k: Int, at place: Term) throws -> Term {
        let there = try place.oneHot(shape, axis: last)
        let own = try gated(by: there).sum([last], keepDims: true)
        let larger = try compared(.greater, own).sum([last])
        let areFinite = try (self - self).compared(.equal, 0).reduced(.min, [last])
        return try larger.compared(.less, Double(k)) * areFinite * there.sum([last])
    }
}
