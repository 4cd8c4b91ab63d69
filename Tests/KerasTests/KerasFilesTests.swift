import Foundation
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

    /// Layers go by their names, whatever the file's kind; those of nested models by position inside them.
    @Test(arguments: ["branches.k315.keras", "branches.tfk221.keras", "branches.k315.weights.h5"]) func weightsGoByName(file: String) throws
    {
        let x = Input(6, name: "x")
        let top = Dense(7, name: "top")(Dense(6, activation: .tanh, name: "shared")(x))
        let model = try Model(inputs: x, outputs: Dense(4, name: "third")(top))
        let before = try model.getWeights(layer: "top").map { try bits($0) }
        let path = KerasFilesTests.folder + file
        #expect {
            try model.loadWeights(from: path, byName: true)
        } throws: {
            "\($0)".contains("third") && "\($0)".contains("found (8, 3), expected (7, 4)") && !"\($0)".contains("shared")
        }
        let report = try model.loadWeights(from: path, byName: true, skipMismatch: true)
        #expect(report.loaded == ["shared"] && report.missing == ["top"] && report.misfits.map(\.layer) == ["third"])
        #expect(Set(report.unused) == ["inner", "other", "norm", "frozen", "end", "side"])
        let tag = file.contains("tfk") ? "tfk221" : "k315"
        let whole = try Model.load(KerasFilesTests.folder + "branches.\(tag).keras")
        #expect(try model.getWeights(layer: "shared").map { try bits($0) } == whole.getWeights(layer: "shared").map { try bits($0) })
        #expect(try model.getWeights(layer: "top").map { try bits($0) } == before)
    }

    @Test func safetensorsGoByNameToo() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "keras-\(UUID().uuidString).safetensors").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let whole = try Model.load(KerasFilesTests.folder + "branches.k315.keras")
        try whole.save(to: path)
        let model = Sequential {
            Dense(6, name: "shared").inputShape(6)
            Dense(2, name: "top")
        }
        let report = try model.loadWeights(from: path, byName: true)
        #expect(report.loaded == ["shared"] && report.missing == ["top"])
        #expect(try model.getWeights(layer: "shared").map { try bits($0) } == whole.getWeights(layer: "shared").map { try bits($0) })
    }

    @Test func nothingTakenIsAnError() throws {
        let model = Sequential { Dense(2, name: "alone").inputShape(3) }
        #expect {
            try model.loadWeights(from: KerasFilesTests.folder + "branches.k315.keras", byName: true)
        } throws: {
            "\($0)".contains("no layer of the file has the name")
        }
        // TensorFlow gives no names beside the weights.
        #expect {
            try model.loadWeights(from: KerasFilesTests.folder + "branches.tfk221.weights.h5", byName: true)
        } throws: {
            "\($0)".contains("no names")
        }
    }
}
