import Foundation
import JSON
import Keras
import Tensors
import Testing

@testable import KerasModel

/// What layers make of text: `Fixtures/texts`, which real Keras and TensorFlow wrote.
@Suite struct TextTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/texts")

    static func read(_ name: String) throws -> JSON { try JSON(parsing: [UInt8](Data(contentsOf: folder.appending(path: name)))) }

    static let names = ["words", "letters", "pairs", "weighed", "mean", "lookup", "hashing", "back"]

    @Test func bucketsAreTensorFlows() throws {
        let rows = try TextTests.read("hashes_tensorflow221.json")
        let texts = try #require(rows["texts"]?.array).map { Array(($0.string ?? "").utf8) }
        let size: UInt64 = 1 << 40
        func check(_ name: String, _ hash: (Int) -> UInt64) {
            #expect(rows[name]?.array?.map(\.integer) == texts.indices.map { Int(hash($0) % size) }, "\(name)")
        }
        check("fast") { FarmHash.fingerprint(texts[$0]) }
        check("strong") { SipHash.hash(texts[$0], key: (133, 7)) }
        let key: UInt64 = 0xDE_CAFC_AFFE
        check("crossed") {
            FarmHash.joined(FarmHash.joined(key, FarmHash.fingerprint(texts[$0])), UInt64(bitPattern: Int64($0 - 9)))
        }
        check("crossed texts") {
            FarmHash.joined(FarmHash.joined(key, FarmHash.fingerprint(texts[$0])), FarmHash.fingerprint(texts[texts.count - 1 - $0]))
        }
    }

    /// As read, and as written and read again.
    @Test(arguments: names) func aModelOfTextGivesWhatKerasGives(_ name: String) throws {
        let rows = try TextTests.read("text_models_keras315.json")
        let texts = try #require(rows["texts"]?.array).map { $0.string ?? "" }
        let answer = try #require(rows["answers"]?[name])
        let values = try #require(answer["values"]?.array)
        let model = try Model.load(TextTests.folder.appending(path: "text_\(name)_keras315.keras").path)
        let copy = FileManager.default.temporaryDirectory.appending(path: "text-\(UUID().uuidString).keras").path
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try model.save(to: copy)
        for model in [model, try Model.load(copy)] {
            let result = try model.predict(try Tensor(texts, shape: [texts.count, 1]))
            #expect(result.shape.dims == answer["shape"]?.array?.compactMap(\.integer))
            if values.first?.string != nil {
                #expect(try result.strings() == values.map { $0.string ?? "" })
            } else {
                for (ours, theirs) in zip(try result.scalars(as: Double.self), values) {
                    #expect(abs(ours - (theirs.number ?? .nan)) <= 1e-6 * max(1, abs(ours)))
                }
            }
        }
    }

    @Test func textIsFilledUpBatchByBatch() throws {
        let model = try Model.load(TextTests.folder.appending(path: "text_mean_keras315.keras").path)
        let texts = try Tensor(["a b c d e f", "cat", "the"], shape: [3, 1])
        let together = try model.predict(texts).scalars(as: Double.self)
        let apart = try model.predict(texts, batchSize: 1).scalars(as: Double.self)
        #expect(together != apart)
    }

    @Test func numbersAreNoTextAndTextIsNoNumbers() throws {
        let model = try Model.load(TextTests.folder.appending(path: "text_lookup_keras315.keras").path)
        #expect(throws: KerasError.self) { try model.predict(try Tensor([Float(1), 2], shape: [2, 1])) }
        let numeric = Sequential { Dense(2).inputShape(1) }
        #expect(throws: KerasError.self) { try numeric.predict(try Tensor(["a"], shape: [1, 1])) }
    }
}
