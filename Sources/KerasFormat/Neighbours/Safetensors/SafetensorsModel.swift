import JSON
import KerasModel
import Storage
import Tensors

/// A model in a `.safetensors` file: its weights under paths of names, and in the metadata all else, so that nothing is lost on the way there
/// and back: the architecture in the words of the Keras it came from, what it was compiled with, the optimizer's state.
///
/// | metadata | holds |
/// | --- | --- |
/// | `keras_architecture` | what `to_json` gives |
/// | `keras_dialect`, `keras_version`, `keras_backend` | whose words they are |
/// | `keras_weight_names` | what the file it came from calls the weights, by path |
/// | `keras_training`, `keras_training_dialect` | `training_config`, if the model is compiled, and whose words that is |
/// | `keras_optimizer_weights` | a list of pairs: a variable's name in Keras, its array's here |
enum SafetensorsModel {
    private static let architecture = Safetensors.architectureKey
    private static let (dialect, version, backend) = ("keras_dialect", "keras_version", "keras_backend")
    private static let (training, trainingDialect, optimizer) = ("keras_training", "keras_training_dialect", "keras_optimizer_weights")
    private static let weightNames = "keras_weight_names"

    /// - Throws: everything that is wrong: `malformed`, `mismatch`, `unsupported`.
    static func read(_ file: Safetensors, registry: LayerRegistry) throws -> SavedModel {
        let metadata = Dictionary(file.metadata, uniquingKeysWith: { first, _ in first })
        guard let text = metadata[architecture] else {
            throw KerasError(
                .mismatch, "this file holds weights without a model", found: "no '\(architecture)' in its metadata",
                expected: "a model that was saved here, or the model's JSON with this as its weights")
        }
        let json = try KerasError.placing(Place(object: architecture)) { try JSON(parsing: text) }
        var saved = try ModelFile.architecture(json, registry: registry)
        if let name = metadata[dialect], let known = Dialect(rawValue: name) {
            let origin = Origin(dialect: known, kerasVersion: metadata[version].map(KerasVersion.init), backend: metadata[backend])
            let root = try ModelConfigReader.read(json, in: DecodingContext(origin, registry: registry))
            saved = SavedModel(
                root: root, weights: [:], training: saved.training, origin: origin, warnings: ModelFile.unknownKeys(of: root))
        }
        var rest = Dictionary(file.tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
        if let text = metadata[training] {
            let json = try KerasError.placing(Place(object: training)) { try JSON(parsing: text) }
            let words = metadata[trainingDialect].flatMap(Dialect.init(rawValue:)) ?? saved.origin?.dialect ?? .keras3
            saved.training = TrainingConfiguration(json, dialect: words)
            saved.training?.optimizerVariables = try optimizerVariables(metadata[optimizer], &rest)
        }
        guard !rest.isEmpty else { return saved }
        let built = try BuiltModel(saved.root)
        saved.weights = try weights(rest.map { ($0.key, $0.value) }, into: built.weightPaths)
        if let text = metadata[weightNames] {
            let names = try KerasError.placing(Place(object: weightNames)) { try JSON(parsing: text) }
            for (path, id, _) in built.weightPaths { saved.origin?.weightNames[id] = names[path]?.string }
        }
        return saved
    }

    /// The weights in a file, without an optimizer's state.
    static func weights(in file: Safetensors) throws -> [(name: String, tensor: Tensor)] {
        var arrays = Dictionary(file.tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
        _ = try optimizerVariables(file.metadata.first { $0.key == optimizer }?.value, &arrays)
        return file.tensors.filter { arrays[$0.name] != nil }
    }

    /// The arrays whose names are these paths: all of them, and no others.
    ///
    /// - Throws: a `mismatch` problem for each weight that is missing, has another shape, or is of no layer.
    static func weights(
        _ arrays: [(name: String, tensor: Tensor)], into paths: [(path: String, id: WeightID, spec: WeightSpec)]
    ) throws -> [WeightID: Tensor] {
        var rest = Dictionary(arrays.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
        var weights: [WeightID: Tensor] = [:]
        var problems = ProblemList()
        for (path, id, spec) in paths {
            problems.attempt(at: Place(object: path)) {
                guard let tensor = rest.removeValue(forKey: path) else { throw KerasError(.mismatch, "the file lacks a weight") }
                guard tensor.shape == spec.shape else {
                    throw KerasError(.mismatch, "a weight has the wrong shape", found: "\(tensor.shape)", expected: "\(spec.shape)")
                }
                guard tensor.dtype.isNumeric else {
                    throw KerasError(.mismatch, "a weight is not made of numbers", found: "\(tensor.dtype)")
                }
                weights[id] = tensor
            }
        }
        for name in rest.keys.sorted().prefix(12) {
            problems.add(Problem(kind: .mismatch, sentence: "no layer of the model has this weight", place: Place(object: name)))
        }
        try problems.throwIfAny()
        return weights
    }

    private static func optimizerVariables(_ text: String?, _ rest: inout [String: Tensor]) throws -> [(name: String, tensor: Tensor)] {
        guard let text else { return [] }
        return try KerasError.placing(Place(object: optimizer)) {
            try (JSON(parsing: text).array ?? []).map { pair in
                guard let name = pair[0]?.string, let array = pair[1]?.string, let tensor = rest.removeValue(forKey: array) else {
                    throw KerasError(.malformed, "the optimizer's variables are not what they must be", found: pair.summary)
                }
                return (name, tensor)
            }
        }
    }

    /// The model as a file.
    ///
    /// - Throws: a `mismatch` problem if its input shape is not known or a weight is missing, `unsupported` for what the target has no word for
    ///   and for element types the format lacks.
    static func write(_ saved: SavedModel, _ options: SaveOptions) throws -> ByteRope {
        var saved = saved
        let options = (try? BuiltModel(saved.root)).map { options.telling(whatShares: $0, of: saved) } ?? options
        if options.stripsOptimizer { saved.training?.optimizerVariables = [] }
        return try file(of: saved, target: options.target, losses: options.losses).encoded()
    }

    static func file(of saved: SavedModel, target: SaveTarget, losses: Losses? = nil) throws -> Safetensors {
        let built = saved.weights.isEmpty ? try? BuiltModel(saved.root) : try BuiltModel(saved.root)
        let json = try ModelConfigWriter.json(saved.root, built: built, target: target, losses: losses)
        var metadata: [(key: String, value: String)] = [(architecture, json.serialized()), (dialect, target.dialect.rawValue)]
        if let origin = saved.origin, origin.target == target {
            if let known = origin.kerasVersion { metadata.append((version, known.text)) }
            if let known = origin.backend { metadata.append((backend, known)) }
            let names = (built?.weightPaths ?? []).compactMap { path, id, _ in origin.weightNames[id].map { (path, JSON.string($0)) } }
            if !names.isEmpty { metadata.append((weightNames, JSON.object(JSONObject(names)).serialized())) }
        }
        var tensors: [(name: String, tensor: Tensor)] = []
        for (path, id, _) in saved.weights.isEmpty ? [] : built?.weightPaths ?? [] {
            guard let tensor = saved.weights[id] else { throw KerasError(.mismatch, "a weight is missing", at: Place(object: path)) }
            tensors.append((path, tensor))
        }
        if let known = saved.training {
            metadata += [(training, known.json.serialized()), (trainingDialect, known.dialect.rawValue)]
            if !known.optimizerVariables.isEmpty {
                let taken = Set(tensors.map(\.name))
                var prefix = "optimizer"
                while taken.contains(where: { $0.hasPrefix(prefix + "/") }) { prefix += "_" }
                let names = known.optimizerVariables.enumerated().map { "\(prefix)/\($0)/\($1.name)" }
                metadata.append(
                    (optimizer, JSON.array(zip(known.optimizerVariables, names).map { [.string($0.name), .string($1)] }).serialized()))
                tensors += zip(names, known.optimizerVariables).map { (name: $0, tensor: $1.tensor) }
            }
        }
        return Safetensors(metadata: metadata, tensors: tensors)
    }
}

extension Safetensors {
    /// The metadata that makes a file of arrays a model.
    package static let architectureKey = "keras_architecture"
}

extension BuiltModel {
    /// Each weight under the names of the layers that lead to it and its own: `encoder/dense_1/kernel`. Those of a layer that
    /// parts of the model share stand under each of its paths, as the words do; of two paths that would be one the later has a number.
    var weightPaths: [(path: String, id: WeightID, spec: WeightSpec)] {
        var taken: Set<String> = []
        var result: [(path: String, id: WeightID, spec: WeightSpec)] = []
        func visit(_ layer: any Layer, _ path: String) {
            for (id, spec) in ownWeights(of: layer) {
                let plain = path.isEmpty ? spec.name : "\(path)/\(spec.name)"
                var name = plain
                var count = 0
                while !taken.insert(name).inserted { (count, name) = (count + 1, "\(plain)_\(count + 1)") }
                result.append((name, id, spec))
            }
            for child in layer.children {
                let name = child.layer.name.isEmpty ? child.attribute : child.layer.name
                visit(child.layer, path.isEmpty ? name : "\(path)/\(name)")
            }
        }
        visit(root, "")
        return result
    }
}

extension TrainingConfiguration {
    /// As `training_config` has it: to the last key, if it was read.
    fileprivate var json: JSON {
        if let source { return .object(source) }
        return [
            "loss": loss, "loss_weights": lossWeights, "metrics": metrics, "weighted_metrics": weightedMetrics,
            "optimizer_config": optimizer,
        ]
    }
}
