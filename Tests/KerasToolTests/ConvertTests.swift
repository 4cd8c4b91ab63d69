import Foundation
import Testing

/// `keras convert` of models: every container and target, every option, and what it tells.
@Suite struct ConvertTests {
    private let demo = Command.fixture("mnist_cnn_k315.h5")
    private let trained = Command.fixture("generations/tf24_seq.h5")
    private let folder: Folder

    init() throws { folder = try Folder() }

    /// Converts, and gives what was said; the status must be this.
    @discardableResult private func convert(
        _ model: String, _ name: String, _ options: String..., status: Int32 = 0, location: SourceLocation = #_sourceLocation
    ) throws -> [String] {
        let run = try Command(["convert", model, folder.path(name)] + options)
        #expect(run.status == status && run.output.isEmpty, "\(run.complaints)", sourceLocation: location)
        return run.complaints
    }

    private func isSame(_ a: String, _ b: String) throws -> Bool { try Command("diff", a, b).status == 0 }

    private func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: folder.path(name))) }

    /// Each container for each target that it is written for; read again it is the same model, and written again the same bytes.
    @Test(arguments: [
        ("h5", ["universal", "keras3", "tf.keras", "keras2"]), ("keras", ["keras3", "tf.keras"]),
        ("json", ["universal", "keras3", "tf.keras", "keras2"]), ("safetensors", ["keras3", "tf.keras", "keras2"]),
    ])
    func everyContainerForEveryTarget(ending: String, targets: [String]) throws {
        for target in ["universal", "keras3", "tf.keras", "keras2"] {
            guard targets.contains(target) else {
                #expect(try convert(demo, "refused.\(ending)", "--to", target, status: 69)[0].contains("not written for \(target)"))
                continue
            }
            #expect(try convert(demo, "a.\(ending)", "--to", target) == [])
            try convert(demo, "b.\(ending)", "--to", target)
            #expect(try bytes("a.\(ending)") == bytes("b.\(ending)"))
            #expect(try isSame(demo, folder.path("a.\(ending)")), "\(target)")
        }
    }

    @Test func weightsAlone() throws {
        try convert(demo, "w.h5", "--weights-only")
        try convert(demo, "w.weights.h5")
        try convert(demo, "m.json")
        for weights in ["w.h5", "w.weights.h5"] {
            let run = try Command("weights", folder.path("m.json"), "--from", folder.path(weights), "-o", folder.path("whole.keras"))
            #expect(run.status == 0 && run.output.contains("5 layers took their weights"))
            #expect(try isSame(demo, folder.path("whole.keras")))
        }
        #expect(try convert(folder.path("w.h5"), "x.keras", status: 65)[0].contains("weights without a model"))
        #expect(try convert(demo, "x.keras", "--weights-only", status: 64)[0].contains("weights alone"))
    }

    /// What is another model afterwards, or less, is said; what nobody asked for stays unsaid.
    @Test func whatChangesIsTold() throws {
        #expect(try convert(demo, "half.h5", "--dtype", "float16") == ["keras: 10 weights are float16 now"])
        #expect(try convert(demo, "same.h5", "--dtype", "float32") == [])
        #expect(try convert(demo, "first.h5", "--data-format", "channels_first")[0].contains("(None, 1, 28, 28)"))
        #expect(try convert(demo, "last.h5", "--data-format", "channels_last")[0].contains("stays as it is"))
        #expect(try convert(folder.path("first.h5"), "back.h5", "--data-format", "channels_last").count == 1)
        #expect(try isSame(demo, folder.path("back.h5")))
        #expect(try convert(trained, "all.h5", "--to", "universal")[0].contains("optimizer's state"))
        #expect(try convert(trained, "bare.h5", "--strip-optimizer") == [])
        #expect(try bytes("bare.h5").count < Data(contentsOf: URL(filePath: trained)).count)
        #expect(try convert(demo, "c.h5", "--compress") == [])
        #expect(try bytes("c.h5").count < Data(contentsOf: URL(filePath: demo)).count && isSame(demo, folder.path("c.h5")))
        #expect(try convert(demo, "c.safetensors", "--compress")[0].contains("not compressed"))
        #expect(try convert(demo, "m.onnx")[0].contains("compiled"))
        try convert(demo, "m.json")
        #expect(try convert(folder.path("m.json"), "new.h5")[0].contains("no weights"))
        #expect(try convert(folder.path("m.json"), "n.json") == [])
    }

    @Test func whatCannotBeIsRefused() throws {
        #expect(try convert(demo, "m.onnx", "--to", "tf.keras", status: 69)[0].contains("same for every Keras"))
        try convert(demo, "m.onnx")
        #expect(try convert(folder.path("m.onnx"), "x.h5", status: 65)[0].contains("ONNX"))
        #expect(try convert(demo, "x.what", status: 64)[0].contains(".safetensors"))
        #expect(try convert(demo, "no/such/folder/x.h5", status: 73)[0].contains("cannot be created"))
        try convert(demo, "x.h5", "--to", "keras9", status: 64)
        try convert(demo, "x.h5", "--dtype", "int8", status: 64)
        #expect(!folder.names.contains("x.h5"))
    }
}
