import Foundation
import NumPy
import Storage
import Testing

@Suite struct IDXTests {
    private let folder = fixtures.appending(path: "idx")
    private func path(_ name: String) -> String { folder.appending(path: name).path }

    @Test(arguments: ["u1", "i1", "i2", "i4", "f4", "f8"]) func readsAndWritesEveryType(type: String) throws {
        let expected = try NPY.load(path("\(type)-idx2.npy"))
        let found = try IDX.load(path("\(type)-idx2"))
        #expect(found.dtype == expected.dtype && found.shape == [2, 3])
        #expect(try found.packedBytes() == expected.packedBytes())
        #expect(try IDX.encode(expected) == [UInt8](Data(contentsOf: URL(filePath: path("\(type)-idx2")))))
        #expect(try IDX.sniff(Files.map(path("\(type)-idx2"))))
    }

    @Test func otherShapes() throws {
        #expect(try IDX.load(path("scalar-idx0")).scalars(as: Int.self) == [7])
        #expect(try IDX.load(path("empty-idx2")).shape == [0, 3])
        let columns = try Tensor(Array(0..<6).map(Int32.init), shape: [3, 2]).transposed([1, 0])
        #expect(try IDX.decode(.copy(of: IDX.encode(columns))).scalars(as: Int.self) == [0, 2, 4, 1, 3, 5])
    }

    @Test(arguments: ["images-idx3-ubyte.gz", "two-streams.gz", "padded.gz"]) func readsCompressedFiles(name: String) throws {
        #expect(try IDX.load(path(name)).packedBytes() == IDX.load(path("images-idx3-ubyte")).packedBytes())
    }

    @Test func bytesAreAViewOfTheFile() throws {
        let buffer = try Files.map(path("images-idx3-ubyte"))
        #expect(try IDX.decode(buffer).buffer === buffer)
    }

    @Test func savesWhatItReads() throws {
        let images = try IDX.load(path("images-idx3-ubyte"))
        try withFolder { folder in
            let plain = folder.appending(path: "x-idx3-ubyte")
            try IDX.save(images, to: plain.path)
            #expect(try Data(contentsOf: plain) == Data(contentsOf: URL(filePath: path("images-idx3-ubyte"))))
            let packed = folder.appending(path: "x-idx3-ubyte.gz")
            try IDX.save(images, to: packed.path)
            #expect(try Gzip.sniff(Files.map(packed.path)))
            #expect(try IDX.load(packed.path).packedBytes() == images.packedBytes())
            let error = try #require(throws: KerasError.self) { try IDX.save(Tensor([1]), to: plain.path) }
            #expect(error.problems[0].kind == .unsupported && error.problems[0].found == "int64")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
        }
    }

    @Test(arguments: [
        ("followed.gz", "there is something else behind the compressed data"), ("bad-checksum.gz", "the compressed data is damaged"),
    ]) func refusesBrokenCompression(name: String, sentence: String) throws {
        let error = try #require(throws: KerasError.self) { try IDX.load(path(name)) }
        #expect(error.problems[0].kind == .malformed && error.problems[0].sentence == sentence)
        #expect(error.problems[0].place.file == path(name))
    }

    @Test(arguments: [
        ([], "this is not an IDX file"), ([0, 0, 8], "this is not an IDX file"), ([1, 0, 8, 0, 5], "this is not an IDX file"),
        ([0, 0, 0x0A, 0, 5], "the IDX file has an unknown element type"), ([0, 0, 8, 200], "the IDX file has too many axes"),
        ([0, 0, 8, 1, 0, 0], "the data ends too early"), ([0, 0, 8, 1, 0, 0, 0, 2, 5], "the IDX file has another size than its shape"),
        ([0, 0, 8, 1, 0, 0, 0, 1, 5, 5], "the IDX file has another size than its shape"),
        ([0, 0, 0x0E, 2] + [UInt8](repeating: 0xFF, count: 8), "a shape has too many elements"),
    ]) func refuses(bytes: [UInt8], sentence: String) throws {
        let error = try #require(throws: KerasError.self) { try IDX.decode(.copy(of: bytes)) }
        #expect(error.problems[0].sentence == sentence)
    }
}
