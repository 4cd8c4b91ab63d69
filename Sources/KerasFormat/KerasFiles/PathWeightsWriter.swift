import HDF5
import KerasModel
import Storage
import Tensors

/// Writes weights by path: a `.weights.h5`, and the `model.weights.h5` of a `.keras`. What ``PathWeights`` reads.
enum PathWeightsWriter {
    /// A `.weights.h5`. Keras keeps the optimizer's state in it too.
    static func write(_ model: SavedModel, _ options: SaveOptions) throws -> ByteRope {
        let built = try BuiltModel(model.root)
        return try HDF5Image(draft(model, built, options.telling(whatShares: built, of: model))).content
    }

    /// - Throws: `mismatch` for each weight that is missing or has another shape.
    static func draft(_ model: SavedModel, _ built: BuiltModel, _ options: SaveOptions) throws -> HDF5Draft {
        let target = options.target
        var draft = HDF5Draft()
        var problems = ProblemList()
        for object in built.tree(of: model.root).objects(by: target == .keras3 ? .keras3 : .tfKeras) {
            var variables: [Tensor] = []
            for weight in object.weights {
                guard let tensor = model.weights[weight.id], tensor.shape == weight.spec.shape else {
                    problems.add(
                        Problem(
                            kind: .mismatch, sentence: "weight '\(weight.spec.name)' cannot be written",
                            place: Place(layer: object.layer.name),
                            found: model.weights[weight.id].map { "\($0.shape)" } ?? "none", expected: "\(weight.spec.shape)"))
                    continue
                }
                variables.append(tensor)
            }
            for problem in try adapters(of: object, model) { problems.add(problem) }
            draft.root[group: path(object.path)] = group(variables, name: object.layer.name, options)
            guard let lookup = object.layer as? any VocabularyLayer, let weights = lookup.storedWeights else { continue }
            for inner in [object.path] + lookup.innerPaths.map({ "\(object.path)/\($0)" }) {
                var own = HDF5DraftGroup()
                own.add(dataset: "idf_weights", HDF5DraftDataset(try Tensor(weights.map { Float($0) })))
                draft.root[group: path(inner)] = own
            }
        }
        try problems.throwIfAny()
        if let optimizer = CompileConfigWriter(model, options)?.state() {
            draft.root[group: path("optimizer")] = group(optimizer.variables, name: optimizer.name, options)
            if let inner = optimizer.inner {
                draft.root[group: path("optimizer/inner_optimizer")] = group(inner.variables, name: inner.name, options)
            }
        }
        return draft
    }

    /// These files hold an adapter's product within its kernel, as Keras has added it; one that adds something is not left out.
    private static func adapters(of object: WeightTree.Object, _ model: SavedModel) throws -> [Problem] {
        try object.merged.filter { $0.spec.name.hasPrefix("lora_") && $0.spec.name.hasSuffix("_b") }.compactMap { entry in
            guard try model.weights[entry.id]?.scalars(as: Float.self).contains(where: { $0 != 0 }) ?? false else { return nil }
            return Problem(
                kind: .unsupported, sentence: "this file has no place for what an adapter adds to its kernel",
                place: Place(layer: object.layer.name), found: entry.spec.name, expected: "an .h5, which holds them apart")
        }
    }

    private static func path(_ object: String) -> String { object.isEmpty ? "vars" : object + "/vars" }

    /// The group `vars` of an object. Keras 3 writes the object's name beside its variables, and says what its opaque ones are.
    private static func group(_ variables: [Tensor], name: String?, _ options: SaveOptions) -> HDF5DraftGroup {
        var group = HDF5DraftGroup()
        if options.target == .keras3, let name { group.add(attribute: "name", .unicode(name)) }
        for (number, tensor) in variables.enumerated() {
            var dataset = HDF5DraftDataset(tensor, compression: options.compresses ? .gzip : .none)
            if tensor.dtype == .bfloat16 { dataset.attributes.append(("dtype", .unicode("bfloat16"))) }
            group.add(dataset: "\(number)", dataset)
        }
        return group
    }
}
