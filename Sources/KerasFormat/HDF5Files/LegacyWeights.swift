import HDF5
import KerasModel
import Tensors

/// The weights of the legacy layout: a group per layer, each with `weight_names` in order. They are loaded by position, as every Keras does;
/// names differ between generations and mean nothing.
struct LegacyWeights {
    private let group: HDF5Group
    /// True if Theano wrote it, whose convolutions turned the kernel round.
    private let flips: Bool
    /// What Keras 1 stored otherwise; nil for a later one's file.
    private let old: Keras1Storage?
    /// The layers that have weights, in the model's order.
    let layers: [(name: String, weights: [String])]
    /// What weights each has, those of no layer with weights too.
    private let weightNames: [String: [String]]

    /// - Parameter group: the root of a file, or its `model_weights`.
    init(_ group: HDF5Group) throws {
        var group = group
        if try group.stringList("layer_names").isEmpty, try group.contains("model_weights") { group = try group.group("model_weights") }
        let count = try group.attribute("nb_layers").map { try $0.tensor().scalars(as: Int.self).first ?? 0 }
        let names = try count.map { try LegacyWeights.numbered($0) } ?? group.stringList("layer_names")
        // A list may repeat one name as often as its file has room for it.
        var known: [String: [String]] = [:]
        layers = try names.compactMap { name in
            let weights = try known[name] ?? LegacyWeights.names(in: group.group(name))
            known[name] = weights
            return weights.isEmpty ? nil : (name, weights)
        }
        flips = try group.attribute("backend")?.string() == "theano"
        // Keras's own test for its first generation: it wrote no version beside the weights.
        old = try group.attribute("keras_version") == nil ? Keras1Storage(names: layers.flatMap(\.weights)) : nil
        weightNames = known
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

    private static let mostNumbered = 1 << 16

    private static func names(in layer: HDF5Group) throws -> [String] {
        guard let parameters = try layer.attribute("nb_params") else { return try layer.stringList("weight_names") }
        let count = try parameters.tensor().scalars(as: Int.self).first ?? 0
        return (0..<min(max(count, 0), mostNumbered)).map { "param_\($0)" }
    }

    /// Keras before 1.0 numbered layers and weights: `layer_0/param_0`.
    private static func numbered(_ count: Int) throws -> [String] {
        guard (0...mostNumbered).contains(count) else {
            throw KerasError(.resource, "the file claims too many layers", found: "\(count)", expected: "at most \(mostNumbered)")
        }
        return (0..<count).map { "layer_\($0)" }
    }

    /// The shapes of what is stored under a layer's name; none if there is no such layer.
    func shapes(of layer: String) throws -> [Shape] {
        guard let names = weightNames[layer], let place = try KerasError.orNil({ try group.group(layer) }) else { return [] }
        return try names.compactMap { name in try KerasError.orNil { try place.dataset(name).shape } }
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
            problems.attempt(at: Place(layer: layer.name)) { weights.merge(try read(stored.name, into: expected, of: model)) { $1 } }
            for ((id, _), name) in zip(expected, stored.weights) { known[id] = name }
        }
        try problems.throwIfAny()
        return weights
    }

    /// What the file has under the name of a layer.
    ///
    /// - Throws: a `mismatch` problem for another number of weights, or for each that has another shape.
    func read(_ name: String, into expected: [(id: WeightID, spec: WeightSpec)], of model: BuiltModel) throws -> [WeightID: Tensor] {
        let place = try group.group(name)
        let names = weightNames[name] ?? []
        if let old { return try read(names, in: place, into: expected, of: model, old) }
        guard names.count == expected.count else {
            throw KerasError(
                .mismatch, "a layer has another number of weights", at: place.place, found: "\(names.count): " + list(names),
                expected: "\(expected.count): " + list(expected.map(\.spec.name)))
        }
        var weights: [WeightID: Tensor] = [:]
        var failures = ProblemList()
        for ((id, spec), name) in zip(expected, names) where weights[id] == nil {
            failures.attempt {
                let dataset = try place.dataset(name)
                if dataset.shape != spec.shape { weights.merge(try rearranged(names, in: place, into: expected, around: id)) { $1 } }
                if weights[id] == nil { weights[id] = try read(dataset, as: spec) }
            }
        }
        try failures.throwIfAny()
        return weights
    }

    /// The weights of one layer within, if the file has them as cuDNN does and the model does not, or the other way round.
    private func rearranged(
        _ names: [String], in place: HDF5Group, into expected: [(id: WeightID, spec: WeightSpec)], around weight: WeightID
    ) throws -> [WeightID: Tensor] {
        let own = zip(expected, names).filter { $0.0.id.layer == weight.layer }
        guard CuDNNArrangement.isCandidate(own.map(\.0.spec)) else { return [:] }
        let stored = try own.map { try place.dataset($0.1).tensor() }
        let found = try CuDNNArrangement.converted(stored, into: own.map(\.0.spec.shape)) ?? []
        return Dictionary(uniqueKeysWithValues: zip(own.map(\.0.id), found))
    }

    /// The same of a file of Keras 1.
    private func read(
        _ names: [String], in place: HDF5Group, into expected: [(id: WeightID, spec: WeightSpec)], of model: BuiltModel,
        _ old: Keras1Storage
    ) throws -> [WeightID: Tensor] {
        let arrays = try KerasError.placing(place.place) {
            try old.arrays(try names.map { try place.dataset($0).tensor() }, into: expected, of: model.layersWithin)
        }
        var failures = ProblemList()
        for (id, spec) in expected where arrays[id]?.shape != spec.shape {
            failures.add(
                Problem(
                    kind: .mismatch, sentence: "weight '\(spec.name)' has the wrong shape", place: place.place,
                    found: arrays[id].map { "\($0.shape)" }, expected: "\(spec.shape)"))
        }
        try failures.throwIfAny()
        return arrays
    }

    var isKeras1: Bool { old != nil }

    /// What the optimizer keeps of each weight, in the model's order, which Keras 1 did not have.
    func optimizer(_ variables: [(name: String, tensor: Tensor)], of model: BuiltModel) throws -> [(name: String, tensor: Tensor)] {
        guard let old else { return variables }
        let trees = model.architecture.layers.map(model.tree(of:)).filter { !$0.all.isEmpty }
        return try old.optimizer(
            variables, of: zip(trees, layers).map { ($0.trainableFirst, $1.weights) }, layers: model.layersWithin)
    }

    /// What is odd about these weights for a model.
    func warnings(for model: BuiltModel) -> [String] {
        guard flips || old?.flips ?? false else { return [] }
        return model.root.unevenlyPadded("").map {
            "layer '\($0)': padding 'same' is TensorFlow's; Theano, on which this was trained, put the odd cell at the other end"
        }
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

extension Layer {
    /// The paths of the layers whose windows Theano placed otherwise: those with `same` that are even or jump.
    fileprivate func unevenlyPadded(_ path: String) -> [String] {
        children.flatMap { child -> [String] in
            let place = path.isEmpty ? child.layer.name : "\(path)/\(child.layer.name)"
            var windows: [Int] = []
            if let layer = child.layer as? any ConvolutionFamily, layer.settings.padding == .same {
                windows = layer.settings.kernelSize + layer.settings.strides.filter { $0 > 1 }.map { _ in 2 }
            } else if let layer = child.layer as? any PoolingLayer, layer.settings.padding == .same {
                windows = layer.settings.poolSize + (layer.settings.strides ?? [2]).filter { $0 > 1 }.map { _ in 2 }
            }
            return (windows.contains { $0 % 2 == 0 } ? [place] : []) + child.layer.unevenlyPadded(place)
        }
    }
}
