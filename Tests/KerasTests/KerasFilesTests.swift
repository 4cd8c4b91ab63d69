import Keras
import KerasFormat
import Storage
import Testing

@Suite struct KerasFilesTests {
    static let folder = String(#filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()) + "/Fixtures/keras_files/"

    private struct Facts {
        let inputs: [Tensor]
        let outputs: [[Double]]

        init(_ tag: String) throws {
            let json = try Files.read(KerasFilesTests.folder + "branches.\(tag).json").withUnsafeBytes { try JSON(parsing: $0) }
            func rows(_ json: JSON) -> [[Double]] { json.array?.map { $0.array?.compactMap(\.number) ?? [] } ?? [] }
            inputs = try (json["inputs"]?.array ?? []).map { try Tensor(rows($0).joined().map { Float($0) }, shape: [8, 6]) }
            outputs = (json["outputs"]?.array ?? []).map { Array(rows($0).joined()) }
        }

        func expect(_ model: Model) throws {
            let found = try model.predict(inputs)
            #expect(found.count == outputs.count)
            for (a, b) in zip(found, outputs) {
                let differences = zip(try a.scalars(as: Double.self), b).map { abs($0 - $1) }
                #expect(a.count == b.count && differences.max() ?? 1 < 1e-5)
            }
        }
    }

    @Test(arguments: ["k315", "tfk221"]) func archivesPredictAsKerasDoes(tag: String) throws {
        try Facts(tag).expect(try Model.load(KerasFilesTests.folder + "branches.\(tag).keras"))
    }

    @Test(arguments: ["k315", "tfk221"]) func weightsFilesFillAModelOfTheOtherKeras(tag: String) throws {
        let model = try Model.load(KerasFilesTests.folder + "branches.\(tag == "k315" ? "tfk221" : "k315").keras")
        try model.loadWeights(from: KerasFilesTests.folder + "branches.\(tag).weights.h5")
        try Facts(tag).expect(model)
        // A file that does not fit changes nothing.
        #expect(throws: KerasError.self) { try model.loadWeights(from: KerasFilesTests.folder + "../generations/k315_seq.weights.h5") }
        try Facts(tag).expect(model)
    }
}
