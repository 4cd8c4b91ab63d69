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
        let folder = folder(path)
        let named = try names(index)
        return try PathVariables(shards: named.sorted().map { try shard($0, in: folder) } + unnamed(after: named, in: folder))
    }

    /// Keras 3.10 names only the file where a layer begins: whether one goes on in a file that the index does not name.
    static func losesWeights(_ index: JSON, path: String) -> Bool {
        (try? !unnamed(after: names(index), in: folder(path)).isEmpty) ?? false
    }

    private static func folder(_ path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "" }

    private static func shard(_ name: String, in folder: String) throws -> HDF5Group {
        try KerasError.placing(Place(file: folder + name)) { try HDF5File(bytes: try Files.read(folder + name), name: folder + name).root }
    }

    private static func names(_ index: JSON) throws -> [String] {
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
        return names
    }

    private static func unnamed(after named: [String], in folder: String) throws -> [HDF5Group] {
        var found: [HDF5Group] = []
        for name in named {
            var next = following(name)
            while let name = next, !named.contains(name), Folders.exists(folder + name), found.count < mostShards {
                let shard = try shard(name, in: folder)
                guard try PathVariables(shard).goesOn else { break }
                found.append(shard)
                next = following(name)
            }
        }
        return found
    }

    /// `x_00001.weights.h5` after `x_00000.weights.h5`.
    private static func following(_ name: String) -> String? {
        let ending = ".weights.h5"
        let stem = name.dropLast(ending.count)
        guard name.hasSuffix(ending), let number = Int(stem.suffix(5)), stem.dropLast(5).hasSuffix("_"), number < 99_999 else { return nil }
        let digits = String(number + 1)
        return stem.dropLast(5) + String(repeating: "0", count: 5 - digits.count) + digits + ending
    }
}
