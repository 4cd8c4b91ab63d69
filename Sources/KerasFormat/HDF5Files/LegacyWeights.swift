import HDF5
import KerasModel
import Tensors

/// The weights of the legacy layout: a group per layer, each with `weight_names` in order. They are loaded by position, as every Keras does;
/// names differ between generations and mean nothing.
enum LegacyWeights {
    /// The weights of a file or of its `model_weights`, as views of the file's bytes.
    ///
    /// - Throws: a `mismatch` problem for each layer whose weights do not fit the model.
    static func read(_ group: HDF5Group, into model: BuiltModel) throws -> [WeightID: Tensor] {
        var names: [WeightID: String] = [:]
        return try read(group, into: model, names: &names)
    }

    /// The same; `known` is given what the file calls each weight.
    static func read(_ group: HDF5Group, into model: BuiltModel, names known: inout [WeightID: String]) throws -> [WeightID: Tensor] {
        var group = group
        if try group.stringList("layer_names").isEmpty, try group.contains("model_weights") { group = try group.group("model_weights") }
        let stored = try group.stringList("layer_names").compactMap { name -> (name: String, weights: [String])? in
            let weights = try group.group(name).stringList("weight_names")
            return weights.isEmpty ? nil : (name, weights)
        }
        let layers = model.architecture.layers.map { ($0, model.legacyWeights(of: $0)) }.filter { !$0.1.isEmpty }
        guard stored.count == layers.count else {
            throw KerasError(
                .mismatch, "the file has weights for another number of layers", at: Place(object: group.path),
                found: "\(stored.count): " + list(stored.map(\.name)), expected: "\(layers.count): " + list(layers.map(\.0.name)))
        }
        let flips = try group.attribute("backend")?.string() == "theano"
        var weights: [WeightID: Tensor] = [:]
        var problems = ProblemList()
        for ((layer, expected), (name, names)) in zip(layers, stored) {
            problems.attempt(at: Place(layer: layer.name)) {
                let place = try group.group(name)
                guard names.count == expected.count else {
                    throw KerasError(
                        .mismatch, "a layer has another number of weights", at: place.place, found: "\(names.count): " + list(names),
                        expected: "\(expected.count): " + list(expected.map(\.spec.name)))
                }
                var failures = ProblemList()
                for ((id, spec), name) in zip(expected, names) {
                    failures.attempt { weights[id] = try read(try place.dataset(name), as: spec, flips: flips) }
                    known[id] = name
                }
                try failures.throwIfAny()
            }
        }
        try problems.throwIfAny()
        return weights
    }

    private static func read(_ dataset: HDF5Dataset, as spec: WeightSpec, flips: Bool) throws -> Tensor {
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
        // Theano's convolution turned the kernel round; Keras 2 turned it back on loading under another backend.
        return flips && spec.kind == .convolutionKernel ? tensor.reversed(axes: 0..<spec.shape.rank - 2) : tensor
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(6).joined(separator: ", ") + (names.count > 6 ? ", …" : "")
    }
}
