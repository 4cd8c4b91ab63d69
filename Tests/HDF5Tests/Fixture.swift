import HDF5
import JSON
import Storage
import Tensors

/// The folder `Fixtures` of this package.
let fixtures = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/") + "/Fixtures"

func file(_ name: String) throws -> HDF5File {
    try HDF5File(path: "\(fixtures)/\(name)")
}

/// A copy of a fixture's bytes, changed.
func changed(_ name: String, _ change: (inout [UInt8]) -> Void) throws -> Buffer {
    var bytes = try Files.read("\(fixtures)/\(name)").withUnsafeBytes { Array($0) }
    change(&bytes)
    return try buffer(bytes)
}

func buffer(_ bytes: [UInt8]) throws -> Buffer {
    let buffer = try Buffer(count: bytes.count)
    buffer.bytes.copyBytes(from: bytes)
    return buffer
}

/// What went wrong, if anything did.
func problem(_ body: () throws -> Void) -> Problem? {
    do {
        try body()
        return nil
    } catch let error as KerasError {
        return error.problems.first
    } catch {
        return Problem(kind: .usage, sentence: "\(error)")
    }
}

/// Reads everything below `group`, which may lead back into itself; what it found.
struct Walk {
    static let lost = "listed and not there"

    var groups = 0
    var datasets = 0
    var attributes = 0
    var bytes = 0

    mutating func read(_ group: HDF5Group, depth: Int = 0) throws {
        groups += 1
        try readAttributes(group)
        for name in try group.names() where depth < 20 && groups < 100 {
            switch try group.member(name) {
            case .group(let member): try read(member, depth: depth + 1)
            case .dataset(let dataset):
                datasets += 1
                try readAttributes(dataset)
                if dataset.datatype.isText { _ = try dataset.strings() } else { bytes += try dataset.tensor(opaqueAs: .bfloat16).byteCount }
            case .other: break
            }
        }
    }

    private mutating func readAttributes(_ object: some HDF5Object) throws {
        for name in try object.attributeNames() {
            attributes += 1
            guard let attribute = try object.attribute(name) else { throw KerasError(.io, Walk.lost, at: Place(key: name)) }
            if attribute.datatype.isText { _ = try attribute.strings() }
        }
    }
}
