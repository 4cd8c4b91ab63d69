import HDF5
import KerasFormat
import KerasModel
import Tensors
import Testing

/// Files of weights that no Keras of the fixtures wrote.
@Suite struct WeightsFileTests {
    private func file(_ fill: (inout HDF5DraftGroup) throws -> Void) throws -> WeightsFile {
        var draft = HDF5Draft()
        try fill(&draft.root)
        return try WeightsFile(try HDF5Image(draft).content.joined(), name: "w.h5")
    }

    private let built = try! BuiltModel(
        ModelLayer(Architecture(sequential: "s", layers: [Dense(3).inputShape(2).named("dense"), Flatten().named("flat")])))
    private let kernel = try! HDF5DraftDataset(Tensor((0..<6).map(Float.init), shape: [2, 3]))
    private let bias = try! HDF5DraftDataset(Tensor([Float(7), 8, 9], shape: [3]))

    /// Keras before 1.0 numbered layers and weights.
    @Test func numberedWeights() throws {
        let weights = try file { root in
            root.add(attribute: "nb_layers", .tensor(try Tensor([Int64(2)], shape: [])))
            for (index, count) in [2, 0].enumerated() {
                var layer = HDF5DraftGroup()
                layer.add(attribute: "nb_params", .tensor(try Tensor([Int64(count)], shape: [])))
                for (number, weight) in [kernel, bias].prefix(count).enumerated() { layer.add(dataset: "param_\(number)", weight) }
                root[group: "layer_\(index)"] = layer
            }
        }
        let loaded = try weights.weights(of: built)
        #expect(
            try built.allWeights(of: built.root).map { try loaded[$0.id]?.scalars(as: Float.self) } == [[0, 1, 2, 3, 4, 5], [7, 8, 9]])
        #expect(
            try weights.list().map { "\($0.path) \($0.shape) \($0.byteCount)" } == [
                "/layer_0/param_0 (2, 3) 24", "/layer_0/param_1 (3,) 12",
            ])
    }

    @Test func tooManyNumberedLayers() throws {
        let error = try #require(throws: KerasError.self) {
            try file { $0.add(attribute: "nb_layers", .tensor(try Tensor([Int64(70_000)], shape: []))) }
        }
        #expect(error.description == "w.h5: the file claims too many layers; found 70000, expected at most 65536")
    }

    @Test func aLayerLacksAVariable() throws {
        let weights = try file { $0.add(dataset: "layers/dense/vars/0", kernel) }
        let error = try #require(throws: KerasError.self) { try weights.weights(of: built) }
        #expect(
            error.description == "w.h5: /layers/dense/vars: layer 'dense': a layer has another number of weights; found 1: (2, 3), "
                + "expected 2: kernel (2, 3), bias (3,)")
    }

    /// Keras on Windows joined paths with a backslash: both ways of writing one are one object.
    @Test func anObjectStandsTwice() throws {
        let error = try #require(throws: KerasError.self) {
            try file { root in
                root.add(dataset: "layers/dense/vars/0", kernel)
                root.add(dataset: "layers\\dense/vars/0", kernel)
            }
        }
        #expect(error.description == "w.h5: /layers\\dense/vars: the file holds the variables of one object twice; found layers/dense")
    }

    @Test func aTextIsNoWeights() throws {
        let text = try Buffer.copy(of: Array(#"{"class_name": "Sequential", "config": []}"#.utf8))
        let error = try #require(throws: KerasError.self) { try WeightsFile(text, name: "w.json") }
        #expect(error.description == "w.json: this text holds no weights; expected weights, or the index of sharded ones")
    }
}
