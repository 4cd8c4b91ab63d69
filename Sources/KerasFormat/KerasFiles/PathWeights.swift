import HDF5
import KerasModel
import Tensors

/// Weights by path: a model's layers find theirs by the attributes that lead to them, and nothing is told by a name or a position.
enum PathWeights {
    /// What belongs to the model's training and not to its layers: the optimizer's state, and the sums of TensorFlow's metrics.
    static let training: Set<String> = ["optimizer", "metrics", "compiled_metrics", "compiled_loss", "loss_tracker"]

    /// The weights of a layer, or of a model as a whole, as views of the file's bytes.
    ///
    /// A file does not say whose rules its paths follow: those are taken that fit best.
    ///
    /// - Parameters:
    ///   - prefix: the path at which the file has the layer.
    ///   - shared: is given the layers that the file has once, under the path of another.
    /// - Throws: a `mismatch` problem for each path that is missing, that no layer asks for, or that has other variables than its layer.
    static func read(_ file: PathVariables, at prefix: String = "", into tree: WeightTree, shared: inout [any Layer]) throws -> [WeightID:
        Tensor]
    {
        var best: Match?
        for rules in PathRules.allCases {
            let match = Match(file, prefix, tree, rules)
            if match.problems.isEmpty { return try match.tensors() }
            if match.problems.count < best?.problems.count ?? .max { best = match }
        }
        for copies in [[:], tree.copies, tree.copies(of: best?.lacking ?? [])] where !copies.isEmpty || tree.sharesLayers {
            for rules in PathRules.allCases {
                let match = Match(file, prefix, tree, rules, copies)
                guard match.problems.isEmpty else { continue }
                var tensors = try match.tensors()
                for (copy, original) in copies {
                    guard let some = tree[copy], let others = tree[original] else { continue }
                    for (weight, other) in zip(some.all, others.all) {
                        // The file has those of the one that it met first.
                        let found = tensors[weight.id] ?? tensors[other.id]
                        (tensors[weight.id], tensors[other.id]) = (found, found)
                    }
                    shared.append(some.layer)
                }
                return tensors
            }
        }
        throw KerasError(problems: best?.problems ?? [])
    }

    /// The same where nobody asks what is shared.
    static func read(_ file: PathVariables, at prefix: String = "", into tree: WeightTree) throws -> [WeightID: Tensor] {
        var shared: [any Layer] = []
        return try read(file, at: prefix, into: tree, shared: &shared)
    }

    /// What the variables of each path are called, if they are those of this model.
    static func names(_ file: PathVariables, _ tree: WeightTree) -> [String: (layer: String, weights: [String])]? {
        for rules in PathRules.allCases where Match(file, "", tree, rules).problems.isEmpty {
            return tree.objects(by: rules).reduce(into: [:]) { $0[$1.path] = ($1.layer.name, $1.weights.map(\.spec.name)) }
        }
        return nil
    }

    /// What a file has for a tree of layers under one way of naming paths.
    private struct Match {
        var pairs: [(weight: WeightTree.Entry, dataset: HDF5Dataset)] = []
        var problems: [Problem] = []
        /// The layers for which the file has no weights.
        var lacking: Set<LayerID> = []

        init(_ file: PathVariables, _ prefix: String, _ tree: WeightTree, _ rules: PathRules, _ copies: [LayerID: LayerID]? = nil) {
            var asked: Set<String> = []
            for object in tree.objects(by: rules, copies: copies) {
                let path = prefix.isEmpty || object.path.isEmpty ? prefix + object.path : "\(prefix)/\(object.path)"
                asked.insert(path)
                let stored = file[path: path]
                guard let stored, !stored.variables.isEmpty else {
                    if !object.weights.isEmpty {
                        problems.append(Match.missing(object, at: path))
                        lacking.insert(object.layer.id)
                    }
                    continue
                }
                guard stored.variables.count == object.weights.count else {
                    problems.append(Match.miscounted(object, stored))
                    continue
                }
                for (weight, dataset) in zip(object.weights, stored.variables) {
                    if let problem = Match.misfit(weight, dataset, of: object.layer) { problems.append(problem) }
                    pairs.append((weight, dataset))
                }
            }
            for object in file.filled(below: prefix) where !asked.contains(object.path) {
                if prefix.isEmpty, PathWeights.training.contains(object.top) { continue }
                problems.append(
                    Problem(
                        kind: .mismatch, sentence: "the file has weights that no layer of the model takes", place: object.place,
                        found: PathWeights.shapes(object) + (object.name.map { " of '\($0)'" } ?? "")))
            }
        }

        func tensors() throws -> [WeightID: Tensor] {
            try pairs.reduce(into: [:]) { $0[$1.weight.id] = try $1.dataset.tensor() }
        }

        private static func missing(_ object: WeightTree.Object, at path: String) -> Problem {
            Problem(
                kind: .mismatch, sentence: "the file has no weights for this layer",
                place: Place(object: "/" + (path.isEmpty ? "vars" : path + "/vars"), layer: object.layer.name), expected: list(object))
        }

        private static func miscounted(_ object: WeightTree.Object, _ stored: PathVariables.Object) -> Problem {
            var place = stored.place
            place.layer = object.layer.name
            return Problem(
                kind: .mismatch, sentence: "a layer has another number of weights", place: place,
                found: "\(stored.variables.count): " + PathWeights.shapes(stored),
                expected: "\(object.weights.count)" + (object.weights.isEmpty ? "" : ": " + list(object)))
        }

        private static func list(_ object: WeightTree.Object) -> String {
            object.weights.map { "\($0.spec.name) \($0.spec.shape)" }.joined(separator: ", ")
        }

        private static func misfit(_ weight: WeightTree.Entry, _ dataset: HDF5Dataset, of layer: any Layer) -> Problem? {
            var place = dataset.place
            place.layer = layer.name
            guard dataset.shape == weight.spec.shape else {
                return Problem(
                    kind: .mismatch, sentence: "weight '\(weight.spec.name)' has the wrong shape", place: place,
                    found: "\(dataset.shape)", expected: "\(weight.spec.shape)")
            }
            guard dataset.dtype?.isNumeric ?? false else {
                return Problem(
                    kind: .mismatch, sentence: "weight '\(weight.spec.name)' is not made of numbers", place: place,
                    found: "\(dataset.datatype)")
            }
            return nil
        }
    }

    private static func shapes(_ object: PathVariables.Object) -> String {
        object.variables.prefix(6).map { "\($0.shape)" }.joined(separator: ", ") + (object.variables.count > 6 ? ", …" : "")
    }
}
