import Foundation
@testable import HDF5
import JSON
import Storage
import Tensors
import Testing

/// The small files that fuzzing begins with, one for each structure the doorman walks.
struct StructureTests {
    private static let folder = "\(fixtures)/../Tests/Fuzz/Seeds/HDF5"
    /// What h5py read in each, and which runs of bytes have a checksum behind them, from `Fixtures/make/hdf5_structures.py`.
    private static let contents: JSONObject = {
        let text = try! Files.read("\(fixtures)/hdf5_structures.json")
        return try! JSON(parsing: text.withUnsafeBytes { Array($0) }).object ?? [:]
    }()
    private static let kind = "elements of this kind are not read as a tensor"
    /// h5py gives what the file says of cells that were never written; missing weights are not to be taken for zeros here.
    private static let unwritten = "the dataset's stored bytes are not what its shape needs"
    private static let link = "a link other than a hard one is not followed"
    /// The first thing that is refused in each.
    private static let refused = [
        "array.h5": kind,
        "array_new.h5": kind,
        "compound.h5": kind,
        "compound_new.h5": kind,
        "enumeration.h5": unwritten,
        "enumeration_new.h5": unwritten,
        "external_link.h5": link,
        "external_storage.h5": "a dataset whose elements are outside the file is not read",
        "fill_text.h5": unwritten,
        "fill_value.h5": unwritten,
        "lists.h5": kind,
        "named_type.h5": unwritten,
        "named_type_new.h5": unwritten,
        "new_dense_large.h5": link,
        "new_groups.h5": link,
        "odd_numbers.h5": kind,
        "opaque.h5": kind,
        "references.h5": kind,
        "shared_messages.h5": "the superblock has an extension",
        "soft_link.h5": link,
        "virtual.h5": "a virtual dataset is not read",
    ]

    @Test(arguments: contents.keys.sorted()) func whatH5pyReads(name: String) throws {
        let wrong = problem {
            let file = try HDF5File(path: "\(Self.folder)/\(name)")
            var walk = Walk()
            try walk.read(file.root)
            for (place, expected) in Self.contents[name]?["reads"]?.object ?? [:] {
                let found = try value(at: place, in: file)
                #expect(found == expected, "\(place)")
            }
        }
        #expect(wrong?.sentence == Self.refused[name], "\(wrong.map(\.description) ?? "no problem")")
    }

    /// Every fifth byte for itself made another, or with `KERAS_STEP=1` each, and the checksum right again: whatever that does, it is read or
    /// refused, by a problem that names the file.
    @Test(arguments: contents.keys.sorted()) func changedBytes(name: String) throws {
        let sound = try seed(name)
        var read = 0
        var refused = 0
        let step = ProcessInfo.processInfo.environment["KERAS_STEP"].flatMap(Int.init) ?? 5
        for place in stride(from: 0, to: min(sound.count, 1500), by: step) {
            var bytes = sound
            bytes[place] ^= place % 2 == 0 ? 0xFF : 1 << UInt8(place / 2 % 8)
            seal(&bytes, at: place, of: name)
            do {
                var walk = Walk()
                try walk.read(HDF5File(bytes: buffer(bytes), name: name).root)
                read += 1
            } catch let error as KerasError {
                #expect(error.problems.allSatisfy { $0.place.file == name && $0.kind != .io }, "byte \(place): \(error)")
                refused += 1
            }
        }
        #expect(refused > 0, "\(read) read")
    }

    /// The library would ask for one after the other of as many chunks as a growing array says it has.
    @Test func moreChunksThanFile() throws {
        let name = "chunks_extensible.h5"
        var bytes = try seed(name)
        let header = try #require(bytes.indices.first { bytes[$0...].starts(with: "EAHD".utf8) })
        let last = header + 12 + 32
        bytes[last + 7] = 1
        seal(&bytes, at: last, of: name)
        let wrong = problem { _ = try HDF5File(bytes: buffer(bytes), name: name) }
        #expect(wrong?.sentence == "a growing array has more chunks than the file has room for")
    }

    private func seed(_ name: String) throws -> [UInt8] { try Files.read("\(Self.folder)/\(name)").withUnsafeBytes { Array($0) } }

    /// Makes the checksum right that covers a place.
    private func seal(_ bytes: inout [UInt8], at place: Int, of name: String) {
        for run in Self.contents[name]?["sealed"]?.array ?? [] {
            guard let start = run[0]?.integer, let end = run[1]?.integer, (start..<end).contains(place) else { continue }
            let sum = bytes.withUnsafeBytes { lookup3($0[start..<end]) }
            for byte in 0..<4 { bytes[end + byte] = UInt8(truncatingIfNeeded: sum >> (8 * UInt32(byte))) }
        }
    }

    /// As `Fixtures/make/hdf5_structures.py` tells it.
    private func value(at place: String, in file: HDF5File) throws -> JSON {
        let parts = place.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 1 {
            let dataset = try file.root.dataset(parts[0])
            return try dataset.datatype.isText ? told(dataset.strings(), dataset.shape) : told(dataset.tensor())
        }
        let object: any HDF5Object = try parts[0] == "/" ? file.root : object(parts[0], in: file)
        let attribute = try #require(try object.attribute(parts[1]))
        return try attribute.datatype.isText ? told(attribute.strings(), attribute.shape) : told(attribute.tensor())
    }

    private func object(_ path: String, in file: HDF5File) throws -> any HDF5Object {
        switch try file.root.member(path) {
        case .group(let group): group
        case .dataset(let dataset): dataset
        case .other: throw KerasError(.unsupported, "neither a group nor a dataset", at: Place(object: path))
        }
    }

    private func told(_ texts: [String], _ shape: Shape) -> JSON {
        .object(["shape": dims(shape), "texts": .array(texts.map(JSON.string))])
    }

    private func told(_ tensor: Tensor) throws -> JSON {
        let numbers: [JSON] =
            switch tensor.dtype {
            case .bool: try tensor.scalars(as: Bool.self).map(JSON.bool)
            case .float16, .float32, .float64, .bfloat16: try tensor.scalars(as: Double.self).map(JSON.float)
            default: try tensor.scalars(as: Int.self).map { .integer($0) }
            }
        return .object(["shape": dims(tensor.shape), "numbers": .array(numbers)])
    }

    private func dims(_ shape: Shape) -> JSON { .array(shape.dims.map { .integer($0) }) }
}
