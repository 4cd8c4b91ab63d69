import JSON
import KerasModel
import Storage
import Tensors
import Testing

@testable import KerasFormat

/// Models as safetensors: nothing is lost on the way there and back.
@Suite struct SafetensorsModelTests {
    private static let folders = ["generations", "summaries"]

    private static let models: [String] =
        folders.flatMap { folder in
            ((try? h5Files(in: "\(ModelFileTests.fixtures)/\(folder)")) ?? []).map { "\(folder)/\($0)" }
        }.filter { (try? ModelFile.read("\(ModelFileTests.fixtures)/\($0)")) != nil } + ["mnist_cnn_k315.h5"]

    private func again(_ saved: SavedModel) throws -> SavedModel {
        return try ModelFile.decode(
            SafetensorsModel.file(of: saved, target: try #require(saved.origin).target).encoded().joined(), name: "model.safetensors")
    }

    @Test func thereAreModels() { #expect(SafetensorsModelTests.models.count >= 10) }

    @Test(arguments: models) func thereAndBack(file: String) throws {
        let saved = try ModelFile.read("\(ModelFileTests.fixtures)/\(file)")
        let again = try again(saved)
        #expect(ArchitectureDifference(saved.root, again.root).changes.isEmpty)
        #expect(again.origin?.dialect == saved.origin?.dialect && again.origin?.backend == saved.origin?.backend)
        #expect(again.origin?.kerasVersion?.text == saved.origin?.kerasVersion?.text)
        let dialect = try #require(saved.origin).dialect
        let (before, after) = (try BuiltModel(saved.root), try BuiltModel(again.root))
        #expect(
            try ModelConfigWriter.json(saved.root, built: before, dialect: dialect)
                == ModelConfigWriter.json(again.root, built: after, dialect: dialect))
        #expect(again.weights.count == saved.weights.count)
        for ((id, spec), (other, _)) in zip(before.allWeights(of: before.root), after.allWeights(of: after.root)) {
            try expectSame(try #require(saved.weights[id]), try #require(again.weights[other]), spec.name)
        }
        #expect((saved.training == nil) == (again.training == nil))
        #expect(saved.training?.loss == again.training?.loss && saved.training?.metrics == again.training?.metrics)
        #expect(saved.training?.optimizer == again.training?.optimizer)
        let states = (saved.training?.optimizerVariables ?? [], again.training?.optimizerVariables ?? [])
        #expect(states.0.map(\.name) == states.1.map(\.name))
        for (one, other) in zip(states.0, states.1) { try expectSame(one.tensor, other.tensor, one.name) }
    }

    private func expectSame(_ a: Tensor, _ b: Tensor, _ name: String) throws {
        #expect(a.dtype == b.dtype && a.shape == b.shape, "\(name)")
        let (a, b) = (try a.contiguous(), try b.contiguous())
        #expect(a.withUnsafeBytes { Array($0) } == b.withUnsafeBytes { Array($0) }, "\(name)")
    }

    /// Paths are those of names, once each, whatever is nested, shared or called alike; what is shared stands under each of its own.
    @Test func paths() throws {
        let shared = Dense(3, name: "dense")
        let x = Input(3, name: "x")
        let inner = ModelLayer(try Architecture(name: "inner", inputs: [x], outputs: [Dense(3, name: "dense")(shared(x))].map { $0 }))
        let y = Input(3, name: "y")
        let root = ModelLayer(
            try Architecture(
                name: "outer", inputs: [y],
                outputs: [shared(inner.outputs(calledOn: [Dense(3, useBias: false, name: "inner/dense")(y)])[0])]))
        let paths = try BuiltModel(root).weightPaths.map(\.path)
        #expect(Set(paths).count == paths.count && paths.count == 7)
        #expect(paths.contains("inner/dense/kernel") && paths.contains("inner/dense/kernel_1") && paths.contains("inner/dense/bias"))
    }

    /// An optimizer's state goes along, and is left where weights are wanted alone.
    @Test func optimizerStateIsNoWeight() throws {
        let saved = try ModelFile.read("\(ModelFileTests.fixtures)/summaries/trained.k315.h5")
        let built = try BuiltModel(saved.root)
        let file = try SafetensorsModel.file(of: saved, target: try #require(saved.origin).target)
        #expect(file.tensors.count == saved.weights.count + (saved.training?.optimizerVariables.count ?? 0))
        #expect(file.tensors.count > saved.weights.count)
        #expect(try SafetensorsModel.weights(SafetensorsModel.weights(in: file), into: built.weightPaths).count == saved.weights.count)
    }

    @Test func weightsAlone() throws {
        let saved = try ModelFile.read("\(ModelFileTests.fixtures)/mnist_cnn_k315.h5")
        let built = try BuiltModel(saved.root)
        var file = try SafetensorsModel.file(of: saved, target: try #require(saved.origin).target)
        #expect(try SafetensorsModel.weights(SafetensorsModel.weights(in: file), into: built.weightPaths).count == 10)
        let position = try #require(file.tensors.firstIndex { $0.name == "dense_1/bias" })
        file.tensors[position].name = "more"
        let error = #expect(throws: KerasError.self) {
            try SafetensorsModel.weights(SafetensorsModel.weights(in: file), into: built.weightPaths)
        }
        #expect(error?.problems.map(\.place.object) == ["dense_1/bias", "more"])
        file.metadata = []
        #expect(throws: KerasError.self) { try SafetensorsModel.read(file, registry: .keras) }
    }
}
