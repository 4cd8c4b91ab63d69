import Foundation
import NumPy
import Storage
import Testing

@Suite struct NPZTests {
    @Test(arguments: Expected.members) func readsWhatNumpyWrote(expected: Expected) throws {
        let tensor = try NPZ(path: fixtures.appending(path: expected.file).path).tensor(named: expected.member)
        #expect(tensor.dtype.description == expected.dtype)
        #expect(tensor.shape.dims == expected.shape)
        #expect(try tensor.packedBytes() == expected.bytes)
    }

    @Test func namesAreInOrder() throws {
        let archive = try NPZ(path: fixtures.appending(path: "stored.npz").path)
        #expect(archive.names == ["x", "y", "é", "deep/er", "f", "zeros"] && archive.count == 6 && archive.contains("é"))
        #expect(try NPZ(path: fixtures.appending(path: "none.npz").path).names.isEmpty)
        #expect(try NPZ(path: fixtures.appending(path: "commented.npz").path).names == ["y", "readme.txt"])
        let error = try #require(throws: KerasError.self) { try archive.tensor(named: "z") }
        #expect(error.problems[0].kind == .mismatch && error.description.contains("'deep/er'"))
        let other = try NPZ(path: fixtures.appending(path: "commented.npz").path)
        let place = try #require(throws: KerasError.self) { try other.tensor(named: "readme.txt") }.problems[0].place
        #expect(place.object == "readme.txt" && place.file?.hasSuffix("commented.npz") == true)
    }

    @Test func writesWhatSavezWrites() throws {
        try withFolder { folder in
            for file in ["stored.npz", "positional.npz", "none.npz"] {
                let source = fixtures.appending(path: file)
                let archive = try NPZ(path: source.path)
                let copy = folder.appending(path: file)
                try NPZ.save(archive.names.map { ($0, try archive.tensor(named: $0)) }, to: copy.path)
                #expect(try Data(contentsOf: copy) == Data(contentsOf: source), "\(file)")
                for name in archive.names { try NPZ(path: copy.path).verify(name) }
            }
            let tensor = try Tensor([1])
            #expect(throws: KerasError.self) { try NPZ.save([("a", tensor), ("a", tensor)], to: folder.appending(path: "b.npz").path) }
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "b.npz").path))
        }
    }

    @Test func damageIsNoticed() throws {
        var bytes = [UInt8](try Data(contentsOf: fixtures.appending(path: "stored.npz")))
        // The last byte of the first array: read as it is from a stored member, found by its checksum.
        bytes[40 + 128 + 48] ^= 1
        let archive = try NPZ(.copy(of: bytes), name: "damaged.npz")
        _ = try archive.tensor(named: "x")
        #expect(throws: KerasError.self) { try archive.verify("x") }
        try archive.verify("y")
    }

    @Test(arguments: ["stored", "deflated", "descriptors", "wide", "commented"]) func mutantsReadOrThrow(name: String) throws {
        let original = [UInt8](try Data(contentsOf: fixtures.appending(path: name + ".npz")))
        for round in 0..<4_000 {
            var mutant = original
            for _ in 0..<Int.random(in: 1...3) {
                // Half of them in the directory at the end, where the structure is.
                let lowest = Bool.random() ? max(0, original.count - 500) : 0
                mutant[Int.random(in: lowest..<original.count)] = [0, 1, 0xFF, .random(in: 0...255)].randomElement()!
            }
            if round % 50 == 0 { mutant.removeLast(Int.random(in: 0..<original.count)) }
            do {
                let archive = try NPZ(.copy(of: mutant), name: name)
                for name in archive.names {
                    do {
                        _ = try archive.tensor(named: name).packedBytes()
                    } catch is KerasError {}
                }
            } catch is KerasError {}
        }
    }

    /// Reads everything in a file; an error must be a typed one that names the file.
    func readAll(_ file: URL) throws -> KerasError? {
        do {
            if file.pathExtension == "npy" {
                _ = try NPY.load(file.path).packedBytes()
            } else {
                let archive = try NPZ(path: file.path)
                for name in archive.names {
                    try archive.verify(name)
                    _ = try archive.tensor(named: name).packedBytes()
                }
            }
            return nil
        } catch let error as KerasError {
            #expect(error.problems.allSatisfy { $0.place.file == file.path }, "\(error)")
            return error
        }
    }

    @Test func readsTheCorpus() throws {
        for folder in ["real", "generations"] {
            for file in files(under: corpus.appending(path: folder), endings: ["npy", "npz"]) {
                let error = try readAll(file)
                #expect(error == nil || error?.problems.allSatisfy { $0.kind == .policy } == true, "\(error!)")
            }
        }
    }

    @Test func refusesTheHostile() throws {
        for file in files(under: corpus.appending(path: "hostile/numpy"), endings: ["npy", "npz"]) {
            let clock = ContinuousClock()
            let start = clock.now
            let error = try readAll(file)
            #expect(error != nil, "\(file.lastPathComponent) was read")
            #expect(clock.now - start < .milliseconds(500), "\(file.lastPathComponent)")
        }
    }
}
