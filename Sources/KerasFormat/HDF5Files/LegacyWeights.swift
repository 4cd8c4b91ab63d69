import HDF5
import KerasModel
import Tensors

/// The weights of the legacy layout: a group per layer, each with `weight_names` in order. They are loaded by position, as every Keras does;
/// names differ between generations and mean nothing.
struct LegacyWeights {
    private let group: HDF5Group
    /// True if Theano wrote it, whose convolutions turned the kernel round.
    private let flips: Bool
    /// The layers that have weights, in the model's order.
    let layers: [(name: String, weights: [String])]

    /// - Parameter group: the root of a file, or its `model_weights`.
    init(_ group: HDF5Group) throws {
        var group = group
        if try group.stringList("layer_names").isEmpty, try group.contains("model_weights") { group = try group.group("model_weights") }
        // A list may repeat one name as often as its file has room for it.
        var known: [String: [String]] = [:]
        layers = try group.stringList("layer_names").compactMap { name in
            let weights = try known[name] ?? group.group(name).stringList("weight_names")
            known[name] = weights
            return weights.isEmpty ? nil : (name, weights)
        }
        flips = try group.attribute("backend")?.string() == "theano"
        self.group = group
    }

    /// Gives layers whose code nobody has the weights that the file has for them, to be kept.
    func fillOpaqueLayers(of model: inout ModelLayer) throws {
        for (index, layer) in model.architecture.layers.enumerated() {
            guard var opaque = layer as? OpaqueLayer, let entry = layers.first(where: { $0.name == layer.name }) else { continue }
            let place = try group.group(entry.name)
            opaque.stored = try entry.weights.enumerated().map { number, name in
                let dataset = try place.dataset(name)
                // The last part of the path is what Python called it, with `:0` behind.
                let own = name.split(separator: "/").last?.split(separator: ":").first.map(String.init) ?? "\(number)"
                return try WeightSpec(own, dataset.shape.dims, .zeros, dtype: dataset.dtype)
            }
            model.architecture.layers[index] = opaque
        }
    }

    /// All weights of a model, as views of the file's bytes.
    ///
    /// - Parameter known: is given what the file calls each weight.
    /// - Throws: a `mismatch` problem for each layer whose weights do not fit the model.
    func read(into model: BuiltModel, names known: inout [WeightID: String]) throws -> [WeightID: Tensor] {
        let wanted = model.architecture.layers.map { ($0, model.legacyWeights(of: $0)) }.filter { !$0.1.isEmpty }
        guard layers.count == wanted.count else {
            throw KerasError(
                .mismatch, "the file has weights for another number of layers", at: Place(object: group.path),
                found: "\(layers.count): " + list(layers.map(\.name)), expected: "\(wanted.count): " + list(wanted.map(\.0.name)))
        }
        var weights: [WeightID: Tensor] = [:]
        var problems = ProblemList()
        for ((layer, expected), stored) in zip(wanted, layers) {
            problems.attempt(at: Place(layer: layer.name)) { weights.merge(try read(stored.name, into: expected)) { $1 } }
            for ((id, _), name) in zip(expected, stored.weights) { known[id] = name }
        }
        try problems.throwIfAny()
        return weights
    }

    /// What the file has under the name of a layer.
    ///
    /// - Throws: a `mismatch` problem for another number of weights, or for each that has another shape.
    func read(_ name: String, into expected: [(id: WeightID, spec: WeightSpec)]) throws -> [WeightID: Tensor] {
        let place = try group.group(name)
        let names = try place.stringList("weight_names")
        guard names.count == expected.count else {
            throw KerasError(
                .mismatch, "a layer has another number of weights", at: place.place, found: "\(names.count): " + list(names),
                expected: "\(expected.count): " + list(expected.map(\.spec.name)))
        }
        var weights: [WeightID: Tensor] = [:]
        var failures = ProblemList()
        for ((id, spec), name) in zip(expected, names) {
            failures.attempt { weights[id] = try read(try place.dataset(name), as: spec) }
        }
        try failures.throwIfAny()
        return weights
    }

    /// Every weight with its layer's name and its own.
    func list() throws -> [(layer: String, name: String, dataset: HDF5Dataset)] {
        try layers.flatMap { layer, names in
            let place = try group.group(layer)
            return try names.map { (layer, $0, try place.dataset($0)) }
        }
    }

    private func read(_ dataset: HDF5Dataset, as spec: WeightSpec) throws -> Tensor {
        guard dataset.shape == spec.shape else {
            throw KerasError(
                .mismatch, "weight '\(spec.name)' has the wrong shape", at: dataset.place, found: "\(dataset.shape)",
                expected: "\(spec.shape)")
        }
        // Keras 3 stores bfloat16 as two opaque bytes, and in an .h5 does not say so.
        let tensor = try dataset.tensor(opaqueAs: .bfloat16)
        guard tensor.dtype.isNumeric else {
            throw KerasError(.mismatch, "weight '\(spec.name)' is not made of numbers", at: dataset.place, found: "\(tensor.dtype)")
        }
        // Keras 2 turned Theano's kernels back on loading under another backend.
        return flips && spec.kind == .convolutionKernel ? tensor.reversed(axes: 0..<spec.shape.rank - 2) : tensor
    }

    private func list(_ names: [String]) -> String {
        names.prefix(6).joined(separator: ", ") + (names.count > 6 ? ", …" : "")
    }
}
