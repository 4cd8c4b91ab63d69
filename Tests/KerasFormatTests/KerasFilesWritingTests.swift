import HDF5
import JSON
import KerasFormat
import KerasModel
import Storage
import Tensors
import Testing

/// What is written as `.keras` and `.weights.h5` is what was read. That Keras loads it is for `make interop` to show.
@Suite struct KerasFilesWritingTests {
    private func encoded(_ model: SavedModel, _ name: String, target: SaveTarget? = nil) throws -> [UInt8] {
        try ModelFile.encode(model, as: ModelContainer.named(name), target: target).content.bytes
    }

    private func values(_ weights: [WeightID: Tensor], _ root: ModelLayer) throws -> [[Double]] {
        try BuiltModel(root).allWeights(of: root).map { id, _ in try #require(weights[id]).scalars(as: Double.self) }
    }

    @Test(arguments: KerasFilesTests.tags) func archivesComeBack(tag: String, rules: PathRules) throws {
        let saved = try ModelFile.read(KerasFileFacts.path("branches.\(tag).keras"))
        let bytes = try encoded(saved, "again.keras")
        #expect(try encoded(saved, "again.keras") == bytes)
        let again = try ModelFile.decode(try Buffer.copy(of: bytes), name: "again.keras")
        #expect(try values(again.weights, again.root) == values(saved.weights, saved.root))
        #expect(again.origin?.dialect == saved.origin?.dialect && again.origin?.kerasVersion?.text == saved.origin?.kerasVersion?.text)
        let (training, before) = (try #require(again.training), try #require(saved.training))
        #expect(training.optimizer == before.optimizer && training.loss == before.loss)
        #expect(training.optimizerVariables.map(\.tensor.dtype) == before.optimizerVariables.map(\.tensor.dtype))
        for (a, b) in zip(training.optimizerVariables, before.optimizerVariables) {
            #expect(try a.tensor.scalars(as: Double.self) == b.tensor.scalars(as: Double.self))
        }
        let members = try ZipArchive(Buffer.copy(of: bytes), name: "again.keras").members
        #expect(members.map(\.name) == ["metadata.json", "config.json", "model.weights.h5"])
        #expect(members.allSatisfy { $0.method == .stored })
    }

    /// What layers keep in files of their own goes back into an archive, and is not lost elsewhere without a word.
    @Test func assetsComeBack() throws {
        var saved = try ModelFile.read(KerasFileFacts.path("branches.k315.keras"))
        saved.origin?.extras.assets = [("assets/layers/tokenizer/merges.txt", try Buffer.copy(of: Array("a b\nc".utf8)))]
        let bytes = try encoded(saved, "again.keras")
        let again = try ModelFile.decode(try Buffer.copy(of: bytes), name: "again.keras")
        #expect(again.origin?.extras.assets.map(\.name) == ["assets/layers/tokenizer/merges.txt"] && again.warnings == saved.warnings)
        #expect(try encoded(again, "again.keras") == bytes)
        for (name, target) in [("a.keras", SaveTarget.tfKeras), ("a.h5", .keras3), ("a.json", .keras3), ("a.safetensors", .keras3)] {
            #expect { try encoded(again, name, target: target) } throws: { "\($0)".contains("merges.txt") }
            let notes = try ModelFile.encode(again, as: .named(name), target: target) { $0.losses = Losses() }.notes
            #expect(notes.contains { $0.contains("merges.txt") })
        }
        saved.origin?.extras.assets[0].name = "assets/../../merges.txt"
        let hostile = try encoded(saved, "again.keras")
        #expect(throws: KerasError.self) { try ModelFile.decode(try Buffer.copy(of: hostile), name: "again.keras") }
    }

    /// The paths in the file are those Keras made, with the groups of layers that have no weights.
    @Test(arguments: KerasFilesTests.tags) func objectsStandWhereKerasPutsThem(tag: String, rules: PathRules) throws {
        let saved = try ModelFile.read(KerasFileFacts.path("branches.\(tag).keras"))
        let ours = try PathVariables(
            HDF5File(bytes: Buffer.copy(of: encoded(saved, "ours.weights.h5")), name: "ours.weights.h5").root)
        let keras = try PathVariables(HDF5File(path: KerasFileFacts.path("branches.\(tag).weights.h5")).root)
        func list(_ file: PathVariables) -> [String] {
            file.objects.filter { !$0.path.hasPrefix("metrics") }.map { object in
                "\(object.path) \(object.name ?? "-") \(object.variables.map { "\($0.shape) \($0.datatype)" })"
            }
        }
        #expect(list(ours) == list(keras))
    }

    @Test(arguments: ["bf.h5", "k315_seq.h5"]) func weightsComeBackInTheirTypes(file: String) throws {
        let saved = try ModelFile.read("\(ModelFileTests.fixtures)/generations/\(file)")
        let bytes = try encoded(saved, "w.weights.h5", target: .keras3)
        let variables = try PathVariables(HDF5File(bytes: Buffer.copy(of: bytes), name: "w.weights.h5").root)
        let weights = try BuiltModel(saved.root).tree(of: saved.root).objects(by: .keras3).filter { !$0.weights.isEmpty }
        for object in weights {
            let stored = try #require(variables[path: object.path]).variables.map { try $0.tensor() }
            let wanted = try object.weights.map { try #require(saved.weights[$0.id]) }
            #expect(stored.map(\.dtype) == wanted.map(\.dtype))
            #expect(try stored.map { try $0.scalars(as: Double.self) } == wanted.map { try $0.scalars(as: Double.self) })
        }
    }

    /// tf_keras finds no `MeanMetricWrapper` when it loads a `.keras`, though it writes them in an `.h5`.
    @Test func compileSettingsOfAnHDF5FileAreSaidAsAnArchiveHasThem() throws {
        let saved = try ModelFile.read("\(ModelFileTests.fixtures)/summaries/trained.tfk221.h5")
        let again = try ModelFile.decode(try Buffer.copy(of: encoded(saved, "a.keras")), name: "a.keras")
        let training = try #require(again.training)
        #expect(!training.metrics.serialized().contains("MeanMetricWrapper") && !training.metrics.isNull)
        #expect(training.optimizer["module"] == "keras.optimizers" && training.optimizer["class_name"] == "Adam")
        #expect(training.optimizerVariables.count == saved.training?.optimizerVariables.count)
    }

    @Test func whatHasNoWeightsIsNotWritten() throws {
        var saved = try ModelFile.read(KerasFileFacts.path("branches.k315.keras"))
        let lost = try #require(BuiltModel(saved.root).allWeights(of: saved.root).first)
        saved.weights[lost.id] = nil
        #expect(throws: KerasError.self) { try encoded(saved, "a.keras") }
    }
}
