import Foundation
import Storage
import Testing

@testable import NumPy

/// The real data sets are too large for a test: small ones in their form, and the real ones where they are.
@Suite struct DatasetsTests {
    private let source = Datasets.Source(name: "Tiny", origin: "https://example.org/tiny", module: "tiny")
    private let arrays: [Tensor]

    init() throws {
        func bytes(_ shape: Shape) throws -> Tensor {
            try Tensor((0..<shape.count).map { UInt8(truncatingIfNeeded: $0 * 7) }, shape: shape)
        }
        arrays = try [bytes([5, 4, 4]), bytes([5]), bytes([2, 4, 4]), bytes([2])]
    }

    private func images() throws -> Datasets.Images {
        Datasets.Images(source: source, checksums: try arrays.map { MD5.of(try .copy(of: try IDX.encode($0))) })
    }

    private func expectEqual(_ splits: Datasets.Splits) throws {
        let ((xTrain, yTrain), (xTest, yTest)) = splits
        for (found, expected) in zip([xTrain, yTrain, xTest, yTest], arrays) {
            #expect(found.shape == expected.shape && found.dtype == .uint8)
            #expect(try found.packedBytes() == expected.packedBytes())
        }
    }

    @Test func readsAnArchive() throws {
        try withFolder { folder in
            let path = folder.appending(path: "tiny.npz").path
            for compressed in [false, true] {
                try NPZ.save(Array(zip(Datasets.Images.members, arrays)).map { ($0, $1) }, to: path, compressed: compressed)
                try expectEqual(Datasets.images(images(), archive: path))
            }
            var wrong = arrays
            wrong.swapAt(1, 3)
            try NPZ.save(Array(zip(Datasets.Images.members, wrong)).map { ($0, $1) }, to: path)
            let error = try #require(throws: KerasError.self) { try Datasets.images(images(), archive: path) }
            #expect(error.problems[0].kind == .malformed && error.problems[0].sentence == "the file is not the data set Tiny, or damaged")
            #expect(error.problems[0].place == Place(file: path, object: "y_train"))
        }
    }

    @Test(arguments: ["", ".gz"]) func readsIDXFiles(ending: String) throws {
        try withFolder { folder in
            for (name, tensor) in zip(Datasets.Images.files, arrays) {
                try IDX.save(tensor, to: folder.appending(path: name + ending).path)
            }
            try expectEqual(Datasets.images(images(), folders: ["/nowhere", folder.path]))
            try FileManager.default.removeItem(at: folder.appending(path: Datasets.Images.files[3] + ending))
            let error = try #require(throws: KerasError.self) { try Datasets.images(images(), folders: [folder.path]) }
            #expect(error.problems[0].kind == .noInput && error.problems[0].found?.contains("t10k-labels") == true)
        }
    }

    @Test func saysWhereToGetIt() throws {
        let error = try #require(throws: KerasError.self) { try Datasets.images(images(), archive: "/nowhere/tiny.npz") }
        #expect(
            error.description == "the data set Tiny is not on this machine; found nothing at /nowhere/tiny.npz, expected a file from "
                + "https://example.org/tiny, or what keras.datasets.tiny.load_data() leaves there")
        #expect(throws: KerasError.self) { try Datasets.images(images(), folders: []) }
    }

    /// Pictures whose every byte tells its image, channel and pixel; written by hand in Python 2's way.
    @Test func readsBatches() throws {
        func value(_ image: Int, _ channel: Int, _ pixel: Int) -> UInt8 { UInt8(truncatingIfNeeded: image * 100 + channel * 31 + pixel) }
        func batch(_ numbers: Range<Int>, _ key: String = "labels") -> [UInt8] {
            func text(_ text: String) -> [UInt8] { Array("U".utf8) + [UInt8(text.utf8.count)] + text.utf8 }
            var bytes: [UInt8] = [0x80, 2, 0x7D] + text("data") + Array("cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n".utf8)
            bytes += [0x4B, 0, 0x85] + text("b") + [0x87, 0x52, 0x28, 0x4B, 1, 0x4B, UInt8(numbers.count), 0x4D, 0, 12, 0x86]
            bytes += Array("cnumpy\ndtype\n".utf8) + text("u1") + [0x4B, 0, 0x4B, 1, 0x87, 0x52, 0x28, 0x4B, 3] + text("|")
            bytes +=
                [0x4E, 0x4E, 0x4E] + [UInt8](repeating: 0xFF, count: 0) + Array("J".utf8) + [0xFF, 0xFF, 0xFF, 0xFF] + Array("J".utf8)
            bytes += [0xFF, 0xFF, 0xFF, 0xFF, 0x4B, 0, 0x74, 0x62, 0x89, 0x54]
            let count = numbers.count * 3072
            bytes += (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
            for image in numbers { for channel in 0..<3 { for pixel in 0..<1024 { bytes.append(value(image, channel, pixel)) } } }
            bytes += [0x74, 0x62, 0x73] + text(key) + [0x5D, 0x28] + numbers.flatMap { [0x4B, UInt8($0)] } + [0x65, 0x73, 0x2E]
            return bytes
        }
        try withFolder { folder in
            let files = [("one", batch(0..<2)), ("two", batch(2..<3)), ("test", batch(3..<5))]
            for (name, bytes) in files { try Data(bytes).write(to: folder.appending(path: name)) }
            let sums = try files.map { ($0.0, MD5.of(try .copy(of: $0.1))) }
            let set = Datasets.Batches(source: source, train: Array(sums[..<2]), test: sums[2])
            let ((xTrain, yTrain), (xTest, yTest)) = try Datasets.batches(set, labels: "labels", folders: ["/nowhere", folder.path])
            #expect(xTrain.shape == [3, 32, 32, 3] && xTest.shape == [2, 32, 32, 3] && yTrain.shape == [3, 1] && yTest.shape == [2, 1])
            #expect(try yTrain.scalars(as: Int.self) == [0, 1, 2] && yTest.scalars(as: Int.self) == [3, 4])
            let pixels = try xTrain.scalars(as: UInt8.self)
            for (image, pixel, channel) in [(0, 0, 0), (0, 5, 2), (2, 1023, 1), (1, 512, 0)] {
                #expect(pixels[(image * 1024 + pixel) * 3 + channel] == value(image, channel, pixel))
            }
            #expect(throws: KerasError.self) { try Datasets.batches(set, labels: "fine_labels", folders: [folder.path]) }
            try Data(batch(0..<1)).write(to: folder.appending(path: "two"))
            let error = try #require(throws: KerasError.self) { try Datasets.batches(set, labels: "labels", folders: [folder.path]) }
            #expect(error.problems[0].sentence == "the file is not the data set Tiny, or damaged")
        }
    }

    /// Where Keras or Debian has put them.
    @Test(.enabled(if: Environment.exists("/usr/share/datasets/fashion-mnist"))) func readsDebiansFashionMNIST() throws {
        let ((xTrain, yTrain), (xTest, yTest)) = try Datasets.fashionMNIST()
        #expect(xTrain.shape == [60000, 28, 28] && xTest.shape == [10000, 28, 28])
        #expect(yTrain.shape == [60000] && yTest.shape == [10000])
    }
}
