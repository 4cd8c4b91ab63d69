import JSON
import KerasModel
import Tensors

extension Regularizer {
    /// What a weight adds to the loss: `l1·Σ|w| + l2·Σw²`, or the orthogonal regularizer's sum.
    ///
    /// - Throws: an `unsupported` problem for a regularizer this version does not know.
    package func penalty(_ weight: Tensor) throws -> Double {
        let numbers = try weight.scalars(as: Float.self)
        switch className {
        case "L1", "L2", "L1L2":
            let (l1, l2) = (factor("l1", className == "L1" ? 0.01 : 0), factor("l2", className == "L2" ? 0.01 : 0))
            let absolute = l1 == 0 ? 0 : numbers.reduce(0.0) { $0 + Double(abs($1)) }
            let squares = l2 == 0 ? 0 : numbers.reduce(0.0) { $0 + Double($1) * Double($1) }
            return l1 * absolute + l2 * squares
        case "OrthogonalRegularizer": return try orthogonality(numbers, weight.shape)
        default: throw KerasError(.unsupported, "this regularizer is not known", found: className)
        }
    }

    /// Keras counts in float32.
    private func factor(_ key: String, _ absent: Double) -> Double { Double(Float(config[key]?.number ?? absent)) }

    /// `factor · Σ |a·b| / pairs` over the pairs of different rows (or columns) of the matrix, each at length 1.
    private func orthogonality(_ numbers: [Float], _ shape: Shape) throws -> Double {
        guard shape.rank == 2 else {
            throw KerasError(.mismatch, "the orthogonal regularizer takes a matrix", found: "\(shape)")
        }
        let byRows = config["mode"]?.string != "columns"
        let (count, length) = byRows ? (shape[0], shape[1]) : (shape[1], shape[0])
        let vectors = (0..<count).map { vector in
            let own = (0..<length).map { Double(byRows ? numbers[vector * length + $0] : numbers[$0 * count + vector]) }
            let norm = max(own.reduce(0) { $0 + $1 * $1 }, 1e-12).squareRoot()
            return own.map { $0 / norm }
        }
        var sum = 0.0
        for first in 0..<count {
            for second in 0..<first { sum += abs(zip(vectors[first], vectors[second]).reduce(0) { $0 + $1.0 * $1.1 }) }
        }
        return count < 2 ? 0 : factor("factor", 0.01) * sum / Double(count * (count - 1) / 2)
    }
}

extension BuiltModel {
    /// The sum of the weights' penalties, which every batch's loss carries.
    ///
    /// - Parameter includingFrozen: true for those of weights that do not train too: before Keras 3.
    /// - Throws: an `unsupported` problem that names the layer.
    package func penalties(_ weights: [WeightID: Tensor], includingFrozen: Bool) throws -> Double {
        var problems = ProblemList()
        checkActivityPenalties(root, "", &problems)
        var sum = 0.0
        for (id, spec, isTrained) in trainability(of: root) where isTrained || includingFrozen {
            guard let regularizer = spec.regularizer, let weight = weights[id] else { continue }
            let name = root.name(of: id.layer)
            sum += problems.attempt(at: Place(layer: name, key: spec.name)) { try regularizer.penalty(weight) } ?? 0
        }
        try problems.throwIfAny()
        return sum
    }

    /// A penalty on what a layer gives would be left out silently otherwise.
    private func checkActivityPenalties(_ layer: any Layer, _ path: String, _ problems: inout ProblemList) {
        let configs = Dialect.allCases.lazy.compactMap { try? layer.encoded(in: EncodingContext(dialect: $0)) }
        if let penalty = configs.first?["activity_regularizer"], !penalty.isNull {
            problems.add(
                Problem(
                    kind: .unsupported, sentence: "penalties on what a layer gives are not computed yet",
                    place: Place(layer: path, key: "activity_regularizer"), found: penalty["class_name"]?.string))
        }
        for child in layer.children {
            checkActivityPenalties(child.layer, path.isEmpty ? child.layer.name : "\(path)/\(child.layer.name)", &problems)
        }
    }
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
