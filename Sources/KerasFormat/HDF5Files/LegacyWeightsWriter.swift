import HDF5
import KerasModel
import Storage
import Tensors

/// Writes the weights of the legacy layout: what ``LegacyWeights`` reads.
enum LegacyWeightsWriter {
    static func write(_ model: SavedModel, _ options: SaveOptions) throws -> ByteRope {
        var draft = HDF5Draft()
        draft.root = try group(model, try BuiltModel(model.root), options)
        return try HDF5Image(draft).content
    }

    /// What stands in `model_weights`, or at the root of a file of weights.
    ///
    /// - Throws: `mismatch` for each weight that is missing or has another shape, `unsupported` for a layer's name that is no group's.
    static func group(_ model: SavedModel, _ built: BuiltModel, _ options: SaveOptions) throws -> HDF5DraftGroup {
        let target = options.target
        let layers = built.architecture.layers
        var group = HDF5DraftGroup()
        // Keras 2 and tf.keras list the input of a Functional, and no Keras that of a Sequential.
        try group.add(names: layers.map(\.name), as: "layer_names")
        group.add(attribute: "backend", .text(model.backend(for: target)))
        group.add(attribute: "keras_version", .text(model.versionText(for: target)))
        var problems = ProblemList()
        for layer in layers {
            problems.attempt(at: Place(layer: layer.name)) { group[group: try name(layer)] = try self.group(layer, model, built, options) }
        }
        if target != .keras2 {
            // The model's own weights: none. Before TensorFlow 2.7 nobody looked for them.
            var own = HDF5DraftGroup()
            try own.add(names: [], as: "weight_names")
            group[group: "top_level_model_weights"] = own
        }
        try problems.throwIfAny()
        return group
    }

    /// No Keras reads bfloat16 from such a file, and each takes the same numbers in float32 for a layer that keeps bfloat16. What came so stays so.
    private static func stored(_ tensor: Tensor, of model: SavedModel, _ options: SaveOptions) throws -> Tensor {
        let cameSo = model.origin?.holdsBFloat16 == true && model.origin?.target == options.target
        return tensor.dtype == .bfloat16 && !cameSo ? try tensor.converted(to: .float32) : tensor
    }

    private static func name(_ layer: any Layer) throws -> String {
        let parts = layer.name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard !parts.contains(where: { $0.isEmpty || $0.elementsEqual(".".utf8) }) else {
            throw KerasError(.unsupported, "this name cannot be that of a group in HDF5", found: "'\(layer.name)'")
        }
        return layer.name
    }

    private static func group(_ layer: any Layer, _ model: SavedModel, _ built: BuiltModel, _ options: SaveOptions) throws -> HDF5DraftGroup
    {
        var group = HDF5DraftGroup()
        let names = LegacyNames(layer, of: built, target: options.target)
        var list: [String] = []
        var problems = ProblemList()
        for (id, spec) in built.legacyWeights(of: layer) {
            problems.attempt {
                guard let tensor = model.weights[id], tensor.shape == spec.shape else {
                    throw KerasError(
                        .mismatch, "weight '\(spec.name)' cannot be written", found: model.weights[id].map { "\($0.shape)" } ?? "none",
                        expected: "\(spec.shape)")
                }
                let kept = model.origin?.target == options.target ? model.origin?.weightNames[id] : nil
                let name = kept.flatMap { list.contains($0) ? nil : $0 } ?? names.unique(id, spec, besides: list)
                list.append(name)
                group.add(
                    dataset: name, HDF5DraftDataset(try stored(tensor, of: model, options), compression: options.compresses ? .gzip : .none)
                )
            }
        }
        try problems.throwIfAny()
        // In front of the members, where a look into the file begins.
        try group.add(names: list, as: "weight_names")
        return group
    }
}

/// What a target calls the weights of a layer. Every Keras loads them by position; the names are for those who look into the file.
private struct LegacyNames {
    private let target: SaveTarget
    /// The scopes that each layer's weights stand in.
    private var scopes: [LayerID: String] = [:]

    init(_ layer: any Layer, of model: BuiltModel, target: SaveTarget) {
        self.target = target
        let root = target == .keras3 && model.architecture.kind == .sequential ? model.root.name + "/" : ""
        collect(layer, in: root)
    }

    /// A layer's name is the scope of what it holds. That of a nested model counts for Keras 3 alone, and there only that of a Sequential.
    private mutating func collect(_ layer: any Layer, in scope: String) {
        let counts = (layer as? ModelLayer).map { target == .keras3 && $0.architecture.kind == .sequential } ?? true
        let own = counts ? "\(scope)\(layer.name)/" : layer is ModelLayer && target != .keras3 ? "" : scope
        if scopes[layer.id] == nil { scopes[layer.id] = own }
        for child in layer.children { collect(child.layer, in: own) }
    }

    /// The weight's name, with `_1`, `_2` if it is taken.
    func unique(_ id: WeightID, _ spec: WeightSpec, besides taken: [String]) -> String {
        let short = target == .keras3 ? spec.name : spec.olderName ?? spec.name
        let name = (scopes[id.layer] ?? "") + short
        let ending = target == .keras3 ? "" : ":0"
        var result = name + ending
        var number = 0
        while taken.contains(result) {
            number += 1
            result = "\(name)_\(number)\(ending)"
        }
        return result
    }
}
