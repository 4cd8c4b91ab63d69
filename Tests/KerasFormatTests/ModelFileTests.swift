import JSON
import KerasFormat
import KerasModel
import Tensors
import Testing

@Suite struct ModelFileTests {
    static let fixtures = String(#filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()) + "/Fixtures"

    @Test(arguments: [
        "generations/k122th_seq.h5", "generations/k224_seq.h5", "generations/tf24_seq.h5", "generations/k315_seq.h5", "mnist_cnn_k315.h5",
    ])
    func wholeModelsOfEachGenerationOpen(file: String) throws {
        let saved = try ModelFile.read("\(ModelFileTests.fixtures)/\(file)")
        let built = try BuiltModel(saved.root)
        let all = built.allWeights(of: saved.root)
        #expect(!all.isEmpty && all.allSatisfy { saved.weights[$0.id]?.shape == $0.spec.shape })
        #expect(saved.training != nil)
    }

    @Test func weightsAreViewsOfTheFile() throws {
        let saved = try ModelFile.read("\(ModelFileTests.fixtures)/mnist_cnn_k315.h5")
        let buffers = Set(saved.weights.values.map { ObjectIdentifier($0.buffer) })
        #expect(buffers.count == 1)
    }

    @Test func aWeightsFileIsNotAModel() throws {
        try expect("generations/f16.weights.h5", .mismatch, says: ["weights without a model"])
    }

    @Test func allUnknownLayersAreNamedAtOnce() throws {
        let json: JSON = [
            "class_name": "Sequential", "keras_version": "2.4.0", "backend": "tensorflow",
            "config": [
                "name": "s",
                "layers": [
                    ["class_name": "Lambda", "config": ["name": "first"]], ["class_name": "Mystery", "config": ["name": "second"]],
                    ["class_name": "Dense", "config": ["name": "third", "units": "many"]],
                ],
            ],
        ]
        #expect {
            try ModelFile.architecture(json)
        } throws: { error in
            let problems = (error as? KerasError)?.problems ?? []
            return problems.map(\.kind) == [.unsupported, .unsupported, .malformed]
                && problems.map(\.place.layer) == ["first", "second", "third"]
        }
    }

    @Test func unknownKeysAreKeptAndNamed() throws {
        var json = try ModelFileTests.dense(extra: ["novelty": 3])
        let saved = try ModelFile.architecture(json)
        #expect(saved.warnings == ["layer 'd': unknown key 'novelty'"])
        json = try ModelConfigWriter.json(saved.root, built: nil, dialect: .keras3)
        #expect(json["config"]?["layers"]?[1]?["config"]?["novelty"] == 3)
    }

    /// A call of a nested model is numbered from 1 where its construction counts as a node, and from 0 where not.
    @Test(arguments: [
        (Dialect.tfKeras, [1, 2]), (Dialect.keras2, [1, 2]), (Dialect.keras3, [0, 1]),
    ])
    func callsOfNestedModelsAreNumberedAsEachKerasDoes(dialect: Dialect, numbers: [Int]) throws {
        let inner = ModelLayer(Architecture(sequential: "inner", layers: [Dense(2).inputShape(2)]))
        let input = Input(2, name: "x")
        let first = inner(input)
        let whole = try Architecture(name: "whole", inputs: [input], outputs: [Add().named("add")([first, inner(first)])])
        let root = ModelLayer(whole)
        let json = try ModelConfigWriter.json(root, built: BuiltModel(root), dialect: dialect)
        let layers = json["config"]?["layers"]?.array ?? []
        let node = layers.first { $0["class_name"] == "Add" }?["inbound_nodes"]?[0]
        let references =
            dialect == .keras3
            ? node?["args"]?[0]?.array?.compactMap { $0["config"]?["keras_history"]?[1]?.integer }
            : node?.array?.compactMap { $0[1]?.integer }
        #expect(references == numbers)
        let again = try ModelFile.architecture(json)
        let calls = again.root.architecture.calls.values.flatMap { $0 }.filter { $0.inputs.count == 2 }
        #expect(calls.count == 1 && calls[0].inputs.map(\.call) == [0, 1])
    }

    @Test func aCycleIsRefused() throws {
        let tensor = { (name: String) -> JSON in
            [
                "class_name": "__keras_tensor__",
                "config": ["shape": [nil, 2], "dtype": "float32", "keras_history": [.string(name), 0, 0]],
            ]
        }
        let activation = { (name: String, from: String) -> JSON in
            [
                "module": "keras.layers", "class_name": "Activation", "config": ["name": .string(name), "activation": "relu"],
                "name": .string(name), "inbound_nodes": [["args": [tensor(from)], "kwargs": [:]]],
            ]
        }
        let input: JSON = [
            "module": "keras.layers", "class_name": "InputLayer", "config": ["name": "x", "batch_shape": [nil, 2]], "name": "x",
            "inbound_nodes": [],
        ]
        let json: JSON = [
            "module": "keras", "class_name": "Functional",
            "config": [
                "name": "loop", "layers": [input, activation("a", "b"), activation("b", "a")], "input_layers": [["x", 0, 0]],
                "output_layers": [["b", 0, 0]],
            ],
        ]
        let saved = try ModelFile.architecture(json)
        #expect {
            try BuiltModel(saved.root)
        } throws: { error in
            "\(error)".contains("cycle") && "\(error)".contains("'a', 'b'")
        }
    }

    /// Keras 3.0 left out the calls that a model does not need, and its references went on counting them.
    @Test(arguments: [(3, 1, true), (3, 3, true), (2, 3, false)]) func callsThatAreLeftOutAreNotCounted(
        first: Int, second: Int, isSound: Bool
    ) throws {
        func tensor(_ layer: String, _ node: Int) -> JSON {
            [
                "class_name": "__keras_tensor__",
                "config": ["shape": [nil, 2], "dtype": "float32", "keras_history": [.string(layer), .integer(node), 0]],
            ]
        }
        func layer(_ kind: String, _ name: String, _ config: JSONObject, _ nodes: [JSON]) -> JSON {
            var words = config
            words["name"] = .string(name)
            return [
                "module": "keras.layers", "class_name": .string(kind), "config": .object(words), "name": .string(name),
                "inbound_nodes": .array(nodes.map { ["args": [$0], "kwargs": [:]] }),
            ]
        }
        let calls = Set([first, second, 3]).count
        let json: JSON = [
            "module": "keras", "class_name": "Functional",
            "config": [
                "name": "m",
                "layers": [
                    layer("InputLayer", "x", ["batch_shape": [nil, 2], "dtype": "float32"], []),
                    layer("Dense", "d", ["units": 2], Array(repeating: tensor("x", 0), count: isSound ? calls : 1)),
                    layer("Add", "a", [:], [[tensor("d", first), tensor("d", second), tensor("d", 3)]]),
                ],
                "input_layers": ["x", 0, 0], "output_layers": ["a", 0, 0],
            ],
        ]
        #expect(((try? ModelFile.architecture(json)) != nil) == isSound)
    }

    /// Every file of every generation opens, or says by name why it is not supported yet; nothing is malformed, nothing traps.
    @Test func theCollectionOpensOrSaysWhyNot() throws {
        let folder = ModelFileTests.fixtures + "/../../shared/corpus/generations"
        for file in try h5Files(in: folder) {
            do {
                _ = try ModelFile.read("\(folder)/\(file)")
            } catch let error as KerasError {
                let strangers = error.problems.filter { $0.kind != .unsupported && !$0.sentence.contains("weights without a model") }
                #expect(strangers.isEmpty, "\(file): \(error)")
            }
        }
    }

    private func expect(_ file: String, _ kind: Problem.Kind, says words: [String]) throws {
        #expect {
            try ModelFile.read("\(ModelFileTests.fixtures)/\(file)")
        } throws: { error in
            let error = error as? KerasError
            let text = error?.description ?? ""
            return error?.problems.map(\.kind) == [kind] && text.contains(file) && words.allSatisfy(text.contains)
        }
    }

    private static func dense(extra: JSONObject) throws -> JSON {
        var config: JSONObject = ["name": "d", "units": 1]
        for (key, value) in extra { config[key] = value }
        return [
            "module": "keras", "class_name": "Sequential",
            "config": [
                "name": "s",
                "layers": [
                    ["class_name": "InputLayer", "config": ["name": "x", "batch_shape": [nil, 2]]],
                    ["class_name": "Dense", "config": .object(config)],
                ],
            ],
        ]
    }
}
