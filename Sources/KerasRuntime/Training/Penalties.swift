import JSON
import KerasModel
import Tensors

extension Regularizer {
    /// What a weight, or what a layer gives, adds to the loss: `l1·Σ|w| + l2·Σw²`, or the orthogonal regularizer's sum. One number, `()`.
    ///
    /// - Throws: an `unsupported` problem for a regularizer this version does not know.
    func formula(_ weight: Term) throws -> Term {
        let weight = weight.dtype == .float64 ? weight : try weight.cast(to: .float32)
        switch className {
        case "L1": return try factor("l1", 0.01) * weight(.abs).sum(weight.allAxes)
        case "L2": return try factor("l2", 0.01) * weight.reduced(.sumOfSquares, weight.allAxes)
        case "L1L2":
            let (l1, l2) = (factor("l1", 0), factor("l2", 0))
            let absolute = l1 == 0 ? nil : try l1 * weight(.abs).sum(weight.allAxes)
            let squares = l2 == 0 ? nil : try l2 * weight.reduced(.sumOfSquares, weight.allAxes)
            guard let absolute, let squares else { return try absolute ?? squares ?? weight.tape.constant(0, as: weight.dtype) }
            return try absolute + squares
        case "OrthogonalRegularizer": return try orthogonality(weight)
        default: throw KerasError(.unsupported, "this regularizer is not known", found: className)
        }
    }

    private func factor(_ key: String, _ absent: Double) -> Double { config[key]?.number ?? absent }

    /// `factor · Σ |a·b| / pairs` over the pairs of different rows (or columns) of the matrix, each at length 1.
    private func orthogonality(_ weight: Term) throws -> Term {
        guard weight.shape.rank == 2 else {
            throw KerasError(.mismatch, "the orthogonal regularizer takes a matrix", found: "\(weight.shape)")
        }
        let vectors = try (config["mode"]?.string == "columns" ? weight.transposed([1, 0]) : weight).normalized(1)
        let count = vectors.shape[0]
        guard count > 1 else { return try weight.tape.constant(0, as: weight.dtype) }
        let isPair = try weight.tape.constant(
            (0..<count * count).map { $0 / count == $0 % count ? 0 : 1 }, shape: [count, count], as: weight.dtype)
        let products = try vectors.emit(.matrixMultiply, vectors.transposed([1, 0])) * isPair
        return try (factor("factor", 0.01) / Double(count * (count - 1))) * products(.abs).sum([0, 1])
    }
}

extension BuiltModel {
    /// The sum of the weights' penalties, which every batch's loss carries; nil if there are none.
    ///
    /// - Parameters:
    ///   - includingFrozen: true for those of weights that do not train too: before Keras 3.
    ///   - weight: the weight in the formula.
    /// - Throws: an `unsupported` problem that names the layer.
    func penalties(includingFrozen: Bool, weight: (WeightID, WeightSpec) throws -> Term) throws -> Term? {
        var problems = ProblemList()
        var sum: Term?
        for (id, spec, isTrained) in trainability(of: root) where isTrained || includingFrozen {
            guard let regularizer = spec.regularizer else { continue }
            problems.attempt(at: place(of: id, spec)) {
                let own = try regularizer.formula(weight(id, spec))
                sum = try sum.map { try $0 + own } ?? own
            }
        }
        try problems.throwIfAny()
        return sum
    }

    /// The same of weights that are known.
    package func penalties(_ weights: [WeightID: Tensor], includingFrozen: Bool) throws -> Double {
        let tape = Tape(OpGraph())
        var given: [Tensor] = []
        let sum = try penalties(includingFrozen: includingFrozen) { id, spec in
            guard let weight = weights[id] else { throw KerasError(.mismatch, "a weight is missing", found: spec.name) }
            given.append(weight)
            return tape.input(shape: weight.shape, dtype: weight.dtype)
        }
        guard let sum else { return 0 }
        var graph = tape.graph
        graph.outputs = [sum.value.id]
        let executable = try Executable(
            graph: graph, weights: { _ in throw KerasError(.mismatch, "a penalty has no weights") }, options: RuntimeOptions(threads: 1))
        return Double(try executable.run(given)[0].scalars(as: Float.self)[0])
    }

    /// Where a weight is: its layer by the path of names.
    func place(of id: WeightID, _ spec: WeightSpec) -> Place { Place(layer: root.name(of: id.layer), key: spec.name) }
}

extension Layer {
    /// The path of names to the layer with this identity: `encoder/dense`.
    fileprivate func name(of id: LayerID) -> String? {
        for child in children {
            if child.layer.id == id { return child.layer.name }
            if let inner = child.layer.name(of: id) { return "\(child.layer.name)/\(inner)" }
        }
        return nil
    }
}
