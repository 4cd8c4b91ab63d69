import Foundation
import JSON
import KerasFormat
import KerasModel
import Tensors
import Testing

@Suite struct Keras1Tests {
    /// A Sequential of one layer.
    private static func chain(_ className: String, _ config: JSON) -> JSON {
        [
            "class_name": "Sequential", "keras_version": "1.2.2",
            "config": [["class_name": .string(className), "config": config]],
        ]
    }

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

    /// Keras 1's own result has an axis more than Dot's.
    @Test func aCosineKeepsAnAxis() throws {
        let merge: JSON = [
            "name": "m", "mode": "cos", "mode_type": "raw", "dot_axes": -1,
            "layers": [Keras1Tests.branch("left"), Keras1Tests.branch("right")],
        ]
        let json = Keras1Tests.chain("Merge", merge)
        #expect(try BuiltModel(ModelFile.architecture(json).root).outputShapes == [[nil, 1, 1]])
    }

    /// A branch may be a graph of its own.
    @Test func aBranchIsAGraph() throws {
        let graph: JSON = [
            "class_name": "Model",
            "config": [
                "name": "g",
                "layers": [
                    [
                        "class_name": "InputLayer", "name": "gi", "inbound_nodes": [],
                        "config": ["name": "gi", "batch_input_shape": [nil, 2], "input_dtype": "float32"],
                    ],
                    [
                        "class_name": "Dense", "name": "gd", "inbound_nodes": [[["gi", 0, 0]]], "config": ["name": "gd", "output_dim": 3],
                    ],
                ],
                "input_layers": [["gi", 0, 0]], "output_layers": [["gd", 0, 0]],
            ],
        ]
        let merge: JSON = ["name": "m", "mode": "sum", "mode_type": "raw", "layers": [graph, Keras1Tests.branch("right")]]
        let json = Keras1Tests.chain("Merge", merge)
        let architecture = try ModelFile.architecture(json).root.architecture
        #expect(architecture.layers.map(\.name) == ["gi", "gd", "right_input", "right", "m"])
        #expect(architecture.inputs.leaves.count == 2)
    }

    @Test(
        arguments: [
            (
                ["mode_type": "lambda", "mode": "code"],
                "layer 'm': key 'mode': a layer merges by code of its own, which is not run; found lambda"
            ),
            (
                ["mode_type": "raw", "mode": "knot"],
                "layer 'm': key 'mode': this way to merge is not known; found 'knot', expected ave, concat, cos, dot, max, min, mul, sum"
            ),
            (["layers": nil], "layer 'm': a Merge in a chain has no branches"),
            (
                ["layers": [["class_name": "Dense", "config": ["name": "d", "output_dim": 3]]]],
                "layer 'd': a branch of a Merge does not say its input's shape"
            ),
            (
                ["layers": [["class_name": "Model", "config": ["name": "g", "layers": [], "input_layers": []]]]],
                "layer 'g': a branch of a Merge has no output"
            ),
        ] as [(JSONObject, String)])
    func mergesThatCannotBe(words: JSONObject, sentence: String) throws {
        var merge: JSONObject = ["name": "m", "layers": [Keras1Tests.branch("left"), Keras1Tests.branch("right")]]
        for (key, value) in words { merge[key] = value }
        let json = Keras1Tests.chain("Merge", .object(merge))
        let error = try #require(throws: KerasError.self) { try ModelFile.architecture(json) }
        #expect(error.description == sentence)
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

    /// What a key of Keras 1 is called in Keras 2, and its value there.
    @Test(
        arguments: [
            (
                "Convolution3D", ["nb_filter": 2, "kernel_dim1": 1, "kernel_dim2": 2, "kernel_dim3": 3, "dim_ordering": "tf"],
                [nil, 5, 5, 5, 1], "kernel_size", [1, 2, 3]
            ),
            ("MaxPooling1D", ["pool_length": 3, "stride": nil], [nil, 9, 2], "strides", [3]),
            ("ZeroPadding2D", ["padding": [1, 2, 3, 4], "dim_ordering": "tf"], [nil, 5, 5, 1], "padding", [[1, 2], [3, 4]]),
            (
                "ZeroPadding2D", ["padding": ["top_pad": 1, "right_pad": 2], "dim_ordering": "tf"], [nil, 5, 5, 1], "padding",
                [[1, 0], [0, 2]]
            ),
            ("ZeroPadding1D", ["padding": ["left_pad": 1, "right_pad": 2]], [nil, 5, 1], "padding", [1, 2]),
            (
                "Dense", ["output_dim": 2, "init": "orthogonal"], [nil, 3], "kernel_initializer",
                ["class_name": "Orthogonal", "config": ["gain": 1.1, "seed": nil]]
            ),
            (
                "Dense", ["output_dim": 2, "init": "glorot_normal"], [nil, 3], "kernel_initializer",
                ["class_name": "VarianceScaling", "config": ["scale": 1.0, "mode": "fan_avg", "distribution": "normal", "seed": nil]]
            ),
            (
                "Dense", ["output_dim": 2, "init": "he_normal"], [nil, 3], "kernel_initializer",
                ["class_name": "VarianceScaling", "config": ["scale": 2.0, "mode": "fan_in", "distribution": "normal", "seed": nil]]
            ),
            (
                "Dense", ["output_dim": 2, "W_regularizer": ["name": "L1L2Regularizer", "l1": 0.0, "l2": 0.25]], [nil, 3],
                "kernel_regularizer", ["class_name": "L1L2", "config": ["l1": 0.0, "l2": 0.25]]
            ),
            (
                "Dense", ["output_dim": 2, "W_constraint": ["name": "MaxNorm", "m": 2, "axis": 0]], [nil, 3], "kernel_constraint",
                ["class_name": "MaxNorm", "config": ["max_value": 2, "axis": 0]]
            ),
            ("LSTM", ["output_dim": 2, "consume_less": "mem", "forget_bias_init": "one"], [nil, 4, 3], "implementation", 1),
            ("LSTM", ["output_dim": 2, "forget_bias_init": "zero"], [nil, 4, 3], "unit_forget_bias", false),
        ] as [(String, JSONObject, JSON, String, JSON)])
    func wordsOfKeras2(className: String, words: JSONObject, shape: JSON, key: String, value: JSON) throws {
        var words = words
        words["name"] = "l"
        words["batch_input_shape"] = shape
        let root = try ModelFile.architecture(Keras1Tests.chain(className, .object(words))).root
        let written = try ModelConfigWriter.json(root, built: BuiltModel(root), dialect: .keras2)
        let layers = try #require(written["config"]?["layers"]?.array ?? written["config"]?.array)
        let found = layers.compactMap { $0["config"] }.first { $0["name"] == "l" }?[key]
        #expect(found == value)
    }

    @Test func wordsThatHaveNoMeaningTodayAreRefusedByName() throws {
        let json = Keras1Tests.chain("BatchNormalization", ["name": "b", "mode": 2, "batch_input_shape": [nil, 3]])
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
