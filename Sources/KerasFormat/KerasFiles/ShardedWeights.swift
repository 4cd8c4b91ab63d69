import HDF5
import JSON
import KerasModel
import Storage
import Tensors

/// Weights over several files: `x.weights.json` says which of `x_00000.weights.h5`, `x_00001.weights.h5`, … in the same folder hold what. Keras 3.10
/// and later. Source: `keras.src.saving.saving_lib.ShardedH5IOStore`.
enum ShardedWeights {
    private static let mostShards = 1 << 12

    static func isIndex(_ json: JSON) -> Bool { json["weight_map"]?.object != nil }

    /// - Parameter path: of the index.
    /// - Throws: `malformed` for an index that names something else than files beside it.
    static func read(_ index: JSON, path: String) throws -> PathVariables {
        var names: [String] = []
        for value in index["weight_map"]?.object?.values ?? [] {
            for entry in value.array ?? [value] {
                guard let name = entry.string, !name.isEmpty, !name.contains("/"), !name.contains("\\"), name != ".." else {
                    throw KerasError(
                        .malformed, "the index of the weights does not name a file beside it", at: Place(key: "weight_map"),
                        found: entry.summary, expected: "a file's name without a folder")
                }
                if !names.contains(name) { names.append(name) }
                guard names.count <= mostShards else {
                    throw KerasError(.resource, "the index names too many files", expected: "at most \(mostShards)")
                }
            }
        }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        return try PathVariables(
            shards: names.sorted().map { name in
                let file = folder + name
                return try KerasError.placing(Place(file: file)) { try HDF5File(bytes: try Files.read(file), name: file).root }
            })
    }
}
