import Foundation
import HDF5
import JSON
import KerasFormat
import KerasModel
import Storage
import Tensors
import Testing

/// What `Fixtures/make/keras_files.py` says of a file it wrote.
struct KerasFileFacts {
    let tag: String
    let json: JSON

    init(_ tag: String) throws {
        self.tag = tag
        json = try Files.read(ModelFileTests.fixtures + "/keras_files/branches.\(tag).json").withUnsafeBytes { try JSON(parsing: $0) }
    }

    /// The shapes of the variables at each path, those of metrics left out.
    var objects: [String: [[Int]]] {
        (json["objects"]?.object ?? [:]).reduce(into: [:]) { result, entry in
            if !entry.key.hasPrefix("metrics/") { result[entry.key] = (entry.value.array ?? []).map(KerasFileFacts.dims) }
        }
    }

    static func dims(_ json: JSON) -> [Int] { json.array?.compactMap(\.integer) ?? [] }
    static func path(_ file: String) -> String { "\(ModelFileTests.fixtures)/keras_files/\(file)" }
}

@Suite struct KerasFilesTests {
    static let tags: [(tag: String, rules: PathRules)] = [("k315", .keras3), ("tfk221", .tfKeras)]

    @Test(arguments: tags) func archivesHoldWhatKerasPutIn(tag: String, rules: PathRules) throws {
        let facts = try KerasFileFacts(tag)
        let saved = try ModelFile.read(KerasFileFacts.path("branches.\(tag).keras"))
        let all = try BuiltModel(saved.root).allWeights(of: saved.root)
        let wanted = try #require(facts.json["weights"]?.array)
        // tf_keras lists frozen weights where they stand, as we do; Keras 3 too.
        #expect(all.count == wanted.count)
        for ((id, spec), entry) in zip(all, wanted) {
            let tensor = try #require(saved.weights[id])
            #expect(tensor.shape == spec.shape && tensor.shape.dims == KerasFileFacts.dims(entry[1] ?? nil))
            let sum = try tensor.scalars(as: Double.self).reduce(0, +)
            #expect(abs(sum - (entry[0]?.number ?? .nan)) < 1e-5, "\(spec.name)")
        }
        let training = try #require(saved.training)
        #expect(training.optimizerVariables.map(\.tensor.shape.dims) == facts.json["optimizer"]?.array?.map(KerasFileFacts.dims))
        #expect(training.optimizer["class_name"] == "Adam" && saved.origin?.dialect == (rules == .keras3 ? .keras3 : .tfKeras))
        #expect(saved.warnings.isEmpty)
    }

    @Test(arguments: tags) func pathsAreThoseOfKeras(tag: String, rules: PathRules) throws {
        let saved = try ModelFile.read(KerasFileFacts.path("branches.\(tag).keras"))
        let objects = try BuiltModel(saved.root).tree(of: saved.root).objects(by: rules)
        let paths = objects.filter { !$0.weights.isEmpty }.map { ($0.path, $0.weights.map(\.spec.shape.dims)) }
        #expect(try Dictionary(paths, uniquingKeysWith: { $1 }) == KerasFileFacts(tag).objects)
    }

    /// One model's weights are the same by every road, even that of the other Keras's paths or of Windows's.
    @Test(arguments: [("k315", "branches.k315.weights.h5"), ("tfk221", "branches.tfk221.weights.h5"), ("k315", "windows.weights.h5")])
    func weightsFilesGiveTheSame(tag: String, file: String) throws {
        let saved = try ModelFile.read(KerasFileFacts.path("branches.\(tag).keras"))
        for target in ["k315", "tfk221"] {
            let other = try ModelFile.read(KerasFileFacts.path("branches.\(target).keras"))
            let loaded = try WeightsFile(KerasFileFacts.path(file)).weights(of: BuiltModel(other.root))
            let ours = try BuiltModel(other.root).allWeights(of: other.root).map { try loaded[$0.id]?.scalars(as: Float.self) }
            let wanted = try BuiltModel(saved.root).allWeights(of: saved.root).map { try saved.weights[$0.id]?.scalars(as: Float.self) }
            #expect(ours == wanted)
        }
    }

    @Test(arguments: [("dd_tf212", [0.77455795, -0.7076296, -0.48079962]), ("dd_tf214", [-0.262873, 1.0044876, 0.49346173])])
    func repeatedClassesAreCountedAsTheirKerasDid(file: String, first: [Float]) throws {
        let root = ModelLayer(Architecture(sequential: "s", layers: [Dense(2).inputShape(2), Dense(2), Dense(2)]))
        let built = try BuiltModel(root)
        let weights = try WeightsFile("\(ModelFileTests.fixtures)/generations/\(file).weights.h5").weights(of: built)
        let kernels = built.allWeights(of: root).filter { $0.spec.name == "kernel" }
        #expect(try kernels.map { try weights[$0.id]?.scalars(as: Float.self)[0] } == first)
    }

    @Test func everyPathThatDoesNotFitIsNamed() throws {
        let layers: [any Layer] = [Dense(6).inputShape(6).named("a"), Dense(4).named("b"), GroupNormalization(groups: 2).named("c")]
        let built = try BuiltModel(ModelLayer(Architecture(sequential: "s", layers: layers)))
        let file = KerasFileFacts.path("branches.k315.weights.h5")
        #expect {
            try WeightsFile(file).weights(of: built)
        } throws: { error in
            let problems = (error as? KerasError)?.problems ?? []
            func has(_ object: String, _ layer: String?, _ words: String) -> Bool {
                problems.contains { $0.place.object == object && $0.place.layer == layer && $0.description.contains(words) }
            }
            return problems.allSatisfy { $0.kind == .mismatch && $0.place.file == file }
                && has("/layers/dense_1/vars/0", "b", "found (8, 3), expected (6, 4)")
                && has("/layers/dense_1/vars/1", "b", "'bias'") && has("/layers/group_normalization/vars", "c", "gamma (4,), beta (4,)")
                && has("/layers/dense_2/vars", nil, "no layer of the model takes") && !has("/optimizer/vars", nil, "")
                && problems.count == 2 + 1 + 9
        }
    }

    /// Stored members have a checksum too.
    @Test func aDamagedArchiveIsRefused() throws {
        let path = KerasFileFacts.path("branches.k315.keras")
        let bytes = try Files.read(path)
        let archive = try ZipArchive(bytes, name: path)
        let member = try #require(archive.member(named: "model.weights.h5"))
        var copy = bytes.withUnsafeBytes { Array($0) }
        copy[copy.count - 2000 - member.count / 2] ^= 4
        #expect {
            try ModelFile.decode(try Buffer.copy(of: copy), name: "damaged.keras")
        } throws: {
            "\($0)".contains("damaged.keras: model.weights.h5: the ZIP member is damaged")
        }
    }

    @Test(
        arguments: [
            ([], "this zip archive is not a model as Keras writes it; found nothing in it, expected config.json"),
            (["a.txt", "b.txt"], "this zip archive is not a model as Keras writes it; found a.txt, b.txt, expected config.json"),
            (["config.json"], "the archive holds no weights; expected model.weights.h5"),
            (
                ["config.json", "model.weights.npz"],
                "weights in this form are not read; found model.weights.npz, expected model.weights.h5"
            ),
        ] as [([String], String)])
    func archivesWithoutAModel(members: [String], sentence: String) throws {
        let path = "\(FileManager.default.temporaryDirectory.path)/archive-\(UUID()).keras"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let config = #"{"class_name": "Sequential", "config": {"name": "s", "layers": []}}"#
        try AtomicFile.write(path) { sink in
            var writer = ZipWriter(sink, sizes: .plain)
            for name in members { try writer.add(name, [.copy(of: Array(config.utf8))]) }
            try writer.finish()
        }
        let error = try #require(throws: KerasError.self) { try ModelFile.read(path) }
        #expect(error.description == "\(path): \(sentence)")
    }

    @Test func numpyArraysAreNoModel() throws {
        #expect {
            try ModelFile.read(ModelFileTests.fixtures + "/mnist_test.npz")
        } throws: {
            ($0 as? KerasError)?.problems.map(\.kind) == [.malformed] && "\($0)".contains("numpy arrays")
        }
    }
}
