import HDF5
import JSON
import KerasModel
import Storage
import Tensors

/// A file opened for its weights: those of a `.weights.h5`, of a `.weights.json` with its shards, of a weights-only `.h5`, of safetensors, or what
/// a whole `.h5` or `.keras` holds of them.
package struct WeightsFile {
    /// A layer of the outermost model that has weights in the file.
    struct Layer {
        let name: String
        /// Where its weights are: the name of its group in the legacy layout, or the path of the layer.
        let key: String
    }

    private enum Layout {
        case legacy(LegacyWeights)
        case paths(PathVariables)
        /// By the names of the layers that lead to them.
        case arrays([(name: String, tensor: Tensor)])
    }

    package let name: String
    private let layout: Layout
    /// In the file's order.
    let layers: [Layer]
    /// The words of a layer that the file has no name for: those of Keras before 3.6 and of TensorFlow have none beside their weights.
    let unnamed: [String]

    /// - Throws: `noInput`, `malformed`, `unsupported`.
    package init(_ path: String) throws { try self.init(Files.read(path), name: path) }

    /// - Parameter path: what messages call the file; sharded weights are beside it.
    /// - Throws: `malformed`, `unsupported`; `noInput` for a shard.
    package init(_ bytes: Buffer, name path: String) throws {
        name = path
        (layout, layers, unnamed) = try KerasError.placing(Place(file: path)) {
            switch FileKind(bytes) {
            case .zip:
                let archive = try ZipArchive(bytes, name: path)
                let variables = try KerasArchive.storedVariables(in: archive)
                return WeightsFile.open(variables, names: try KerasArchive.layerNames(in: archive, with: variables))
            case .safetensors:
                let arrays = try SafetensorsModel.weights(in: Safetensors(bytes))
                var keys: [String] = []
                for key in arrays.map({ String($0.name.prefix { $0 != "/" }) }) where !keys.contains(key) { keys.append(key) }
                return (.arrays(arrays), keys.map { Layer(name: $0, key: $0) }, [])
            case .json:
                let index = try bytes.withUnsafeBytes { try JSON(parsing: $0) }
                guard ShardedWeights.isIndex(index) else {
                    throw KerasError(.mismatch, "this text holds no weights", expected: "weights, or the index of sharded ones")
                }
                return WeightsFile.open(try ShardedWeights.read(index, path: path), names: [:])
            default:
                let file = try HDF5File(bytes: bytes, name: path)
                try file.requireSelfContained()
                let root = file.root
                if try PathVariables.isLayout(of: root) { return WeightsFile.open(try PathVariables(root), names: [:]) }
                let weights = try LegacyWeights(root)
                return (.legacy(weights), weights.layers.map { Layer(name: $0.name, key: $0.name) }, [])
            }
        }
    }

    private static func open(_ file: PathVariables, names: [String: String]) -> (Layout, [Layer], [String]) {
        var keys: [String] = []
        for object in file.filled(below: "") {
            let parts = object.path.split(separator: "/", maxSplits: 2).prefix(2)
            // The model's own variables, the optimizer and the metrics are no layers.
            guard parts.count == 2, PathRules.allCases.contains(where: { $0.listOfLayers == parts[0] }) else { continue }
            let key = parts.joined(separator: "/")
            if keys.last != key { keys.append(key) }
        }
        let found = keys.map { ($0, file[path: $0]?.name ?? names[$0]) }
        return (
            .paths(file), found.compactMap { key, name in name.map { Layer(name: $0, key: key) } }, found.filter { $0.1 == nil }.map(\.0)
        )
    }

    /// All weights of a model: by position in the legacy layout, by path in the other.
    ///
    /// - Throws: a `mismatch` problem for all that does not fit.
    package func weights(of model: BuiltModel) throws -> [WeightID: Tensor] {
        var names: [WeightID: String] = [:]
        return try KerasError.placing(Place(file: name)) {
            switch layout {
            case .legacy(let weights): try weights.read(into: model, names: &names)
            case .paths(let file): try PathWeights.read(file, into: model.tree(of: model.root))
            case .arrays(let arrays): try SafetensorsModel.weights(arrays, into: model.weightPaths)
            }
        }
    }

    /// Every weight in the file, layer by layer; the optimizer's state is none.
    ///
    /// - Parameter model: the model the file belongs to, which knows what its weights are called where the file does not.
    package func list(for model: BuiltModel? = nil) throws -> [StoredWeight] {
        try KerasError.placing(Place(file: name)) {
            switch layout {
            case .arrays(let arrays): return arrays.map { StoredWeight($0.name, $0.tensor) }
            case .legacy(let weights):
                return try weights.list().map { layer, name, dataset in StoredWeight(dataset, layer: layer, name: name) }
            case .paths(let file):
                let known = model.flatMap { PathWeights.names(file, $0.tree(of: $0.root)) } ?? [:]
                let names = Dictionary(layers.map { ($0.key, $0.name) }, uniquingKeysWith: { first, _ in first })
                return file.filled(below: "").filter { !PathWeights.training.contains($0.top) }.flatMap { object in
                    let given = known[object.path]
                    return object.variables.enumerated().map { index, dataset in
                        StoredWeight(dataset, layer: given?.layer ?? object.name ?? names[object.path], name: given?.weights[index])
                    }
                }
            }
        }
    }

    /// What the file has for one layer of a model.
    func weights(_ stored: Layer, of layer: any KerasModel.Layer, in model: BuiltModel) throws -> [WeightID: Tensor] {
        try KerasError.placing(Place(file: name)) {
            switch layout {
            case .legacy(let weights): try weights.read(stored.key, into: model.legacyWeights(of: layer), of: model)
            case .paths(let file): try PathWeights.read(file, at: stored.key, into: model.tree(of: layer))
            case .arrays(let arrays):
                try SafetensorsModel.weights(
                    arrays.filter { $0.name.hasPrefix(stored.key + "/") },
                    into: model.weightPaths.filter { $0.path.hasPrefix(layer.name + "/") })
            }
        }
    }
}

/// A weight as a file has it.
package struct StoredWeight {
    /// `/model_weights/dense/dense/kernel:0`, `/layers/dense/vars/0`.
    package let path: String
    /// The name of the layer it belongs to; nil where nobody says it.
    package let layer: String?
    /// `dense/kernel:0` where the file says it, `kernel` where the model does.
    package let name: String?
    package let shape: Shape
    /// `float32`, or in words what its elements are.
    package let type: String
    /// Bytes of its elements.
    package let byteCount: Int

    init(_ dataset: HDF5Dataset, layer: String?, name: String?) {
        (path, self.layer, self.name, shape) = (dataset.path, layer, name, dataset.shape)
        type = "\(dataset.datatype)"
        byteCount = dataset.shape.count * dataset.datatype.size
    }

    /// An array whose name is a path: the last part is the weight's name, the one before it the layer's.
    init(_ path: String, _ tensor: Tensor) {
        let parts = path.split(separator: "/").map(String.init)
        (self.path, layer, name, shape) = (path, parts.count > 1 ? parts[parts.count - 2] : nil, parts.last, tensor.shape)
        (type, byteCount) = ("\(tensor.dtype)", tensor.byteCount)
    }
}
