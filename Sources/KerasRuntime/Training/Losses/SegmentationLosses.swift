import KerasModel
import Tensors

extension Dice: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let axes = try axis.map { try p.shape.axes($0.values) } ?? p.allAxes
        let common = try (y * p).sum(axes)
        return try 1 - 2 * common / (y.sum(axes) + p.sum(axes) + epsilon)
    }
}

extension Tversky: RowFormula {
    func formula(_ y: Term, _ p: Term, logits: Term?) throws -> Term {
        let axes = try axis.map { try p.shape.axes($0.values) } ?? p.allAxes
        let common = try (y * p).sum(axes)
        let missed = try ((1 - p) * y).sum(axes)
        let added = try (p * (1 - y)).sum(axes)
        return try 1 - common / (common + alpha * missed + beta * added + epsilon)
    }
}

extension Shape {
    /// Axes counted from the front, ascending.
    ///
    /// - Throws: a `mismatch` problem if there is no such axis.
    fileprivate func axes(_ axes: [Int]) throws -> [Int] {
        let own = axes.map { $0 < 0 ? $0 + rank : $0 }
        guard own.allSatisfy({ $0 >= 0 && $0 < rank }), Set(own).count == own.count else {
            throw KerasError(.mismatch, "there are no such axes", found: "axes \(axes) of \(self)")
        }
        return own.sorted()
    }
}
