import HDF5
import Keras
import KerasFormat
import Storage

/// The arrays of a file that is no model, each under a name: a `.npy`'s only one, a `.npz`'s members, those of a `.safetensors`, the data sets of an HDF5 file.
struct ArrayFile {
    /// In the file's order. Read when they are asked for.
    private(set) var names: [String] = []
    private var readers: [String: () throws -> Tensor] = [:]

    /// As deep and as much as is looked at: an HDF5 group may hold itself.
    private static let (deepest, mostArrays) = (16, 100_000)

    /// - Throws: what is wrong with the file; `malformed` if it holds no arrays.
    init(_ bytes: Buffer, name: String) throws {
        switch FileKind(bytes) {
        case .npy: add("array") { try NPY.decode(bytes) }
        case .zip:
            let archive = try NPZ(bytes, name: name)
            for member in archive.names { add(member) { try archive.tensor(named: member) } }
        case .safetensors: for (name, tensor) in try Safetensors(bytes).tensors { add(name) { tensor } }
        default: try walk(try HDF5File(bytes: bytes, name: name).root, path: "", depth: 0)
        }
    }

    /// The array of this name; nil if there is none.
    func tensor(_ name: String) throws -> Tensor? {
        guard let read = readers[name] else { return nil }
        return try KerasError.placing(Place(object: name)) { try read() }
    }

    private mutating func add(_ name: String, _ read: @escaping () throws -> Tensor) {
        names.append(name)
        readers[name] = read
    }

    private mutating func walk(_ group: HDF5Group, path: String, depth: Int) throws {
        guard depth < ArrayFile.deepest, names.count < ArrayFile.mostArrays else {
            throw KerasError(.resource, "there is too much in this file", at: Place(object: path))
        }
        for member in try group.names() {
            let inner = path.isEmpty ? member : "\(path)/\(member)"
            switch try group.member(member) {
            case .group(let group): try walk(group, path: inner, depth: depth + 1)
            case .dataset(let dataset): add(inner) { try dataset.tensor(opaqueAs: .bfloat16) }
            case .other: break
            }
        }
    }
}
