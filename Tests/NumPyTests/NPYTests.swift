import Foundation
import NumPy
import Storage
import Testing

@Suite struct NPYTests {
    @Test(arguments: Expected.arrays) func readsWhatNumpyWrote(expected: Expected) throws {
        let path = fixtures.appending(path: expected.file).path
        let tensor = try NPY.load(path)
        #expect(tensor.dtype.description == expected.dtype)
        #expect(tensor.shape.dims == expected.shape)
        #expect(try tensor.packedBytes() == expected.bytes)
        if expected.isRewritten {
            #expect(try NPY.encode(tensor) == [UInt8](Data(contentsOf: URL(filePath: path))))
        }
    }

    @Test func thereAreFixtures() { #expect(Expected.arrays.count > 50 && Expected.members.count > 20) }

    @Test func nativeElementsAreViewsOfTheFile() throws {
        for name in ["f4", "fortran.cube", "u1", "U", "version2"] {
            let buffer = try Files.map(fixtures.appending(path: name + ".npy").path)
            #expect(try NPY.decode(buffer).buffer === buffer, "\(name)")
        }
        #expect(try !NPY.load(fixtures.appending(path: "fortran.npy").path).isContiguous)
    }

    @Test(arguments: ["objects", "objects.field"]) func picklesAreForThoseWhoAllowThem(name: String) throws {
        let path = fixtures.appending(path: "pickled.\(name).npy").path
        let error = try #require(throws: KerasError.self) { try NPY.load(path) }
        #expect(error.problems.map(\.kind) == [.policy] && error.problems[0].place == Place(file: path, key: "descr"))
        let pickle = try #require(try NPYPickle(Files.map(path)))
        // PROTO 4 and STOP.
        #expect(Array(pickle.bytes.bytes.prefix(2)) == [0x80, 4] && pickle.bytes.bytes.last == UInt8(ascii: "."))
        #expect(try NPYPickle(Files.map(fixtures.appending(path: "f4.npy").path)) == nil)
    }

    @Test func scalarsComeAsNumbers() throws {
        #expect(try NPY.load(fixtures.appending(path: "scalar.npy").path).scalars(as: Float.self) == [7.5])
        #expect(try NPY.load(fixtures.appending(path: "fortran.big.npy").path).scalars(as: Int.self) == Array(0..<24))
        #expect(try NPY.load(fixtures.appending(path: "bools.npy").path).scalars(as: UInt8.self) == [0, 1, 1, 1])
    }

    @Test(arguments: [
        "{'descr': '<f4', 'fortran_order': False}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': [1]}", "{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} 1", "{'descr': '<f4', 'fortran_order': False, 'shape': (1.5,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2**3,)}", "", "[]", "None", "{'descr': '<f4", "{1: 2}", "{,}",
    ])
    func refuses(header: String) throws {
        let text = Array(header.utf8)
        let file = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count), 0] + text + [1, 2, 3, 4]
        let error = try #require(throws: KerasError.self) { try NPY.decode(.copy(of: file)) }
        #expect(error.problems[0].kind == .malformed, "\(error)")
    }

    @Test func namesOtherFiles() throws {
        let problem = try #require(throws: KerasError.self) { try NPY.load(fixtures.appending(path: "stored.npz").path) }
        #expect(problem.description.contains("found a ZIP archive"))
        #expect(throws: KerasError.self) { try NPY.load("/nowhere/x.npy") }
        #expect(throws: KerasError.self) { try NPZ(path: fixtures.appending(path: "f4.npy").path) }
    }

    @Test func everyTruncationThrows() throws {
        let whole = [UInt8](try Data(contentsOf: fixtures.appending(path: "f4.npy")))
        for count in 0..<whole.count {
            #expect(throws: KerasError.self) { try NPY.decode(.copy(of: Array(whole[..<count]))) }
        }
    }

    @Test func mutantsReadOrThrow() throws {
        let originals = try ["f4", "U", "python2", "fortran.cube", "structure.nested", "longdouble", "date.25us"].map {
            [UInt8](try Data(contentsOf: fixtures.appending(path: $0 + ".npy")))
        }
        for _ in 0..<20_000 {
            var mutant = originals.randomElement()!
            for _ in 0..<Int.random(in: 1...3) {
                mutant[Int.random(in: 6..<min(100, mutant.count))] = Bool.random() ? .random(in: 0...255) : UInt8(ascii: "9")
            }
            do { _ = try NPY.decode(.copy(of: mutant)).packedBytes() } catch is KerasError {}
        }
    }

    @Test func writesAnyTensor() throws {
        let cube = try Tensor(Array(0..<24).map(Float.init), shape: [2, 3, 4])
        for tensor in [cube, cube.transposed([2, 1, 0]), cube.transposed([1, 0, 2]), cube[1..<2], try cube.converted(to: .bool)] {
            let again = try NPY.decode(.copy(of: try NPY.encode(tensor)))
            #expect(again.shape == tensor.shape && again.dtype == tensor.dtype)
            #expect(try again.packedBytes() == tensor.packedBytes())
        }
        #expect(throws: KerasError.self) { try NPY.encode(cube.converted(to: .bfloat16)) }
    }

    @Test func savesOverAFileOrLeavesIt() throws {
        try withFolder { folder in
            let path = folder.appending(path: "a.npy").path
            let tensor = try Tensor([1.5, 2.5])
            try NPY.save(tensor, to: path)
            try NPY.save(tensor, to: path)
            #expect(try NPY.load(path).scalars(as: Double.self) == [1.5, 2.5])
            #expect(throws: KerasError.self) { try NPY.save(Tensor(zeros: [1], dtype: .bfloat16), to: path) }
            #expect(throws: KerasError.self) { try NPY.save(tensor, to: folder.path) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.npy"])
        }
    }
}
