import Foundation
import JSON
import KerasFormat
import KerasModel
import Tensors
import Testing

@Suite struct Keras1Tests {
    private static func branch(_ name: String) -> JSON {
        [
            "class_name": "Sequential",
            "config": [
                [
                    "class_name": "Dense",
                    "config": ["name": .string(name), "output_dim": 3, "init": "uniform", "batch_input_shape": [nil, 2]],
                ]
            ],
        ]
    }

    /// A Sequential that begins with a Merge is a graph of its branches' layers.
    @Test(arguments: [
        ("sum", "Add"), ("mul", "Multiply"), ("ave", "Average"), ("max", "Maximum"), ("concat", "Concatenate"), ("dot", "Dot"),
    ])
    func aMergeIsTheLayerItsModeSays(mode: String, kind: String) throws {
        let merge: JSON = [
            "name": "m", "mode": .string(mode), "mode_type": "raw", "concat_axis": -1, "dot_axes": -1,
            "layers": [Keras1Tests.branch("left"), Keras1Tests.branch("right")],
        ]
        let json: JSON = [
            "class_name": "Sequential", "keras_version": "1.2.2",
            "config": [
                ["class_name": "Merge", "config": merge], ["class_name": "Activation", "config": ["name": "a", "activation": "tanh"]],
            ],
        ]
        let architecture = try ModelFile.architecture(json).root.architecture
        #expect(architecture.layers.map(\.name) == ["left_input", "left", "right_input", "right", "m", "a"])
        #expect(architecture.layer(named: "m").map { type(of: $0).className } == kind)
        #expect(architecture.inputs.leaves.count == 2)
    }

    /// Before 0.3 entries had no class, and nothing said where channels stand.
    @Test func theOldestWordsAreRead() throws {
        let json: JSON = [
            "name": "Sequential",
            "layers": [
                [
                    "name": "Convolution2D", "nb_filter": 4, "nb_row": 3, "nb_col": 2, "border_mode": "valid", "subsample": [1, 1],
                    "input_shape": [1, 8, 8], "init": "glorot_uniform", "activation": "relu",
                ],
                ["name": "Dropout", "p": 0.25, "custom_name": "drop"], ["name": "Flatten"],
                ["name": "Dense", "output_dim": 5, "init": "zero"],
            ],
        ]
        let saved = try ModelFile.architecture(json)
        #expect(saved.root.architecture.layers.map(\.name) == ["convolution2d_1", "drop", "flatten_1", "dense_1"])
        #expect(try BuiltModel(saved.root).outputShapes == [[nil, 5]])
        #expect((saved.root.architecture.layers[0] as? Conv2D)?.settings.dataFormat == .channelsFirst)
        #expect(saved.warnings.isEmpty)
    }

    @Test func wordsThatHaveNoMeaningTodayAreRefusedByName() throws {
        let json: JSON = [
            "class_name": "Sequential", "keras_version": "1.2.2",
            "config": [["class_name": "BatchNormalization", "config": ["name": "b", "mode": 2, "batch_input_shape": [nil, 3]]]],
        ]
        #expect {
            try ModelFile.architecture(json)
        } throws: { error in
            (error as? KerasError)?.problems.map { "\($0.kind) \($0.place.layer ?? "") \($0.place.key ?? "")" } == ["unsupported b mode"]
        }
    }

    /// That of an Embedding is its input's; its table is made of floats.
    @Test func anInputOfIntegersMakesNoWeightsOfIntegers() throws {
        let json: JSON = [
            "class_name": "Sequential", "keras_version": "1.2.2",
            "config": [
                [
                    "class_name": "Embedding",
                    "config": ["name": "e", "input_dim": 5, "output_dim": 2, "input_dtype": "int32", "batch_input_shape": [nil, 3]],
                ]
            ],
        ]
        let root = try ModelFile.architecture(json).root
        #expect(try BuiltModel(root).allWeights(of: root).allSatisfy { $0.spec.dtype == nil || $0.spec.dtype == .float32 })
    }

    /// An index of weights names files beside it, and nothing else.
    @Test func weightsInSeveralFilesAreJoined() throws {
        let fixtures = ModelFileTests.fixtures + "/generations"
        let folder = FileManager.default.temporaryDirectory.appending(path: "keras-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let built = try BuiltModel(try ModelFile.read("\(fixtures)/k315_seq.h5").root)
        try FileManager.default.copyItem(
            atPath: "\(fixtures)/k315_seq.weights.h5", toPath: folder.appending(path: "w_00000.weights.h5").path)
        func index(_ name: String) throws -> String {
            let path = folder.appending(path: "w.weights.json")
            try "{\"metadata\": {}, \"weight_map\": {\"/layers/conv2d/vars\": [\"\(name)\"]}}".write(
                to: path, atomically: true, encoding: .utf8)
            return path.path
        }
        let joined = try WeightsFile(try index("w_00000.weights.h5")).weights(of: built)
        let whole = try WeightsFile("\(fixtures)/k315_seq.weights.h5").weights(of: built)
        #expect(joined.count == whole.count && joined.allSatisfy { id, tensor in tensor.shape == whole[id]?.shape })
        for name in ["../w.h5", "/etc/passwd", "", "a\\\\b"] {
            #expect { try WeightsFile(try index(name)) } throws: { ($0 as? KerasError)?.problems.map(\.kind) == [.malformed] }
        }
    }
}
