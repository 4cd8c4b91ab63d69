import HDF5
import JSON
import KerasFormat
import KerasModel
import Storage
import Tensors
import Testing

/// Files that are written, read again by this package; what Keras makes of them is asked in `Tests/Interop/saving.py`.
@Suite struct SavingTests {
    static let files = [
        "generations/k224_seq.h5", "generations/tf24_seq.h5", "generations/k315_seq.h5", "generations/bf.h5", "mnist_cnn_k315.h5",
    ]

    private func open(_ file: String) throws -> SavedModel { try ModelFile.read("\(ModelFileTests.fixtures)/\(file)") }

    private func written(
        _ model: SavedModel, _ ending: String = ".h5", target: SaveTarget? = nil, configure: (inout SaveOptions) -> Void = { _ in }
    ) throws -> (file: SavedModel, root: HDF5Group, notes: [String]) {
        let (content, notes) = try ModelFile.encode(model, as: .named(ending), target: target, configure: configure)
        let bytes = try content.joined()
        return (try ModelFile.decode(bytes, name: "written"), try HDF5File(bytes: bytes, name: "written").root, notes)
    }

    private func bytes(_ model: SavedModel) throws -> [[UInt8]] {
        try BuiltModel(model.root).allWeights(of: model.root).map { entry in
            try #require(model.weights[entry.id]).contiguous().withUnsafeBytes(Array.init)
        }
    }

    /// The same Keras: every key of the configuration and every bit of the weights and of the optimizer's state.
    @Test(arguments: files)
    func nothingIsLostOnTheWayBack(file: String) throws {
        let model = try open(file)
        let (again, root, notes) = try written(model)
        let original = try HDF5File(path: "\(ModelFileTests.fixtures)/\(file)").root
        #expect(notes == [])
        for key in ["model_config", "training_config", "keras_version", "backend"] {
            guard let before = try original.attribute(key)?.string() else { continue }
            let after = try root.attribute(key)?.string()
            if key == "training_config" { continue }
            #expect(after == before, "\(key)")
        }
        #expect(try bytes(again) == bytes(model))
        #expect(again.origin?.weightNames.values.sorted() == model.origin?.weightNames.values.sorted())
        let (before, after) = (model.training?.optimizerVariables ?? [], again.training?.optimizerVariables ?? [])
        #expect(after.map(\.name) == before.map(\.name))
        #expect(zip(before, after).allSatisfy { $0.tensor.withUnsafeBytes(Array.init) == $1.tensor.withUnsafeBytes(Array.init) })
        #expect(again.training?.optimizer == model.training?.optimizer && again.training?.metrics == model.training?.metrics)
        #expect(try ContentHash(again) == ContentHash(model))
    }

    /// Keras 3 does not look at a lookup's type, and tf.keras takes whole numbers or text alone.
    @Test(arguments: ["lookup", "words", "letters", "weighed", "back"])
    func aLookupIsTheSameAfterTFKeras(name: String) throws {
        let model = try open("texts/text_\(name)_keras315.keras")
        func through(_ model: SavedModel, _ target: SaveTarget) throws -> SavedModel {
            try ModelFile.decode(ModelFile.encode(model, as: .named(".keras"), target: target).content.joined(), name: target.rawValue)
        }
        let back = try through(through(model, .tfKeras), .keras3)
        #expect(ArchitectureDifference(model.root, back.root).changes == [])
    }

    /// What stands at the root of an `.h5` beside what every Keras writes goes back into one, and is missed elsewhere.
    @Test func attributesOfOthersAreKept() throws {
        var model = try open("mnist_cnn_k315.h5")
        model.origin?.extras.attributes = [
            ("distributed_config", .text("{}")), ("note", .text("größer")), ("list", .texts(["a", "bc"])),
            ("numbers", .tensor(try Tensor([1.5, 2]))),
        ]
        let (again, root, notes) = try written(model)
        #expect(notes == [])
        #expect(again.origin?.extras.attributes.map(\.name) == ["distributed_config", "list", "note", "numbers"])
        let (_, twice, _) = try written(again)
        for file in [root, twice] {
            #expect(try file.attribute("distributed_config")?.string() == "{}" && file.attribute("note")?.string() == "größer")
            #expect(try file.attribute("list")?.strings() == ["a", "bc"])
            #expect(try file.attribute("numbers")?.tensor().scalars(as: Double.self) == [1.5, 2])
        }
        for (ending, target) in [(".h5", SaveTarget.tfKeras), (".keras", .keras3), (".json", .keras3)] {
            #expect(try ModelFile.encode(again, as: .named(ending), target: target).notes.contains { $0.contains("'distributed_config'") })
        }
    }

    /// No Keras reads bfloat16 back from an `.h5`: elsewhere than in a file that came so its numbers stand as float32, which says them all.
    @Test func bfloat16IsWrittenForKerasToRead() throws {
        let model = try open("generations/bf.h5")
        #expect(model.weights.values.contains { $0.dtype == .bfloat16 })
        let (again, _, _) = try written(model, target: .universal)
        #expect(again.weights.values.allSatisfy { $0.dtype == .float32 })
        func numbers(_ model: SavedModel) throws -> [[Double]] {
            try BuiltModel(model.root).allWeights(of: model.root).map { try #require(model.weights[$0.id]).scalars(as: Double.self) }
        }
        #expect(try numbers(again) == numbers(model))
        let other = try open("mnist_cnn_k315.h5").converted(to: .bfloat16).model
        #expect(try written(other).file.weights.values.allSatisfy { $0.dtype == .float32 })
    }

    /// Files by path hold an adapter's product in its kernel: one that adds something is refused, never left out.
    @Test func whatAnAdapterAddsIsNotLost() throws {
        let json: JSON = [
            "module": "keras", "class_name": "Sequential", "registered_name": nil,
            "config": [
                "name": "s",
                "layers": [
                    ["module": "keras.layers", "class_name": "InputLayer", "config": ["name": "x", "batch_shape": [nil, 3]]],
                    ["module": "keras.layers", "class_name": "Dense", "config": ["name": "d", "units": 2, "lora_rank": 1]],
                ],
            ],
        ]
        var model = try ModelFile.architecture(json)
        for (id, spec) in try BuiltModel(model.root).allWeights(of: model.root) { model.weights[id] = try Tensor(zeros: spec.shape) }
        #expect(try ModelFile.encode(model, as: .named(".keras"), target: .keras3).notes == [])
        for (id, spec) in try BuiltModel(model.root).allWeights(of: model.root) where spec.name.hasSuffix("_b") {
            model.weights[id] = try Tensor([Float(0), 1], shape: spec.shape)
        }
        #expect(throws: KerasError.self) { try ModelFile.encode(model, as: .named(".keras"), target: .keras3) }
        let kept = try written(model, ".h5", target: .keras3).file
        #expect(try bytes(kept) == bytes(model))
    }

    /// Another Keras: the same model by meaning, whatever it is written for.
    @Test(arguments: files.filter { !$0.contains("bf.h5") }, SaveTarget.allCases)
    func theModelIsTheSameForEachTarget(file: String, target: SaveTarget) throws {
        let model = try open(file)
        let (again, root, notes) = try written(model, target: target)
        #expect(again.origin?.dialect == target.dialect)
        #expect(try bytes(again) == bytes(model))
        #expect(ArchitectureDifference(model.root, again.root).changes == [])
        #expect(again.training?.loss == model.training?.loss)
        let hasState = model.training?.optimizerVariables.isEmpty == false
        // Keras 3 goes on with none from an .h5 of another, and no form is read by all.
        let keepsState = hasState && (model.origin?.target == target || [.tfKeras, .keras2].contains(target))
        #expect(try root.contains("optimizer_weights") == keepsState)
        #expect(notes.contains { $0.contains("optimizer's state") } == (hasState && !keepsState))
    }

    /// What is changed is written; all else stays as it was spelled.
    @Test func aChangeLeavesTheRestAlone() throws {
        var model = try open("generations/tf24_seq.h5")
        let place = try #require(model.root.architecture.layers.firstIndex { $0 is Dense })
        model.root.architecture.layers[place].base.trainable = false
        let (_, root, _) = try written(model)
        let original = try HDF5File(path: "\(ModelFileTests.fixtures)/generations/tf24_seq.h5").root
        var before = try JSON(parsing: try #require(try original.attribute("model_config")?.string())).serialized()
        let after = try JSON(parsing: try #require(try root.attribute("model_config")?.string())).serialized()
        let name = "\"name\": \"\(model.root.architecture.layers[place].name)\", \"trainable\": "
        before = before.replacing(name + "true", with: name + "false")
        #expect(after == before)
    }

    @Test func theSameModelMakesTheSameFile() throws {
        for target in SaveTarget.allCases {
            let files = try (0..<2).map { _ in
                try ModelFile.encode(try open("mnist_cnn_k315.h5"), as: .named(".h5"), target: target).content.bytes
            }
            #expect(files[0] == files[1])
        }
    }

    @Test func gzipIsSmallerAndReadAlike() throws {
        let model = try open("generations/k315_seq.h5")
        let (again, _, _) = try written(model) { $0.compresses = true }
        #expect(try bytes(again) == bytes(model))
        var zeros = try open("mnist_cnn_k315.h5")
        zeros.weights = try zeros.weights.mapValues { try Tensor(zeros: $0.shape) }
        zeros.training = nil
        let sizes = try [false, true].map { compresses in
            try ModelFile.encode(zeros, as: .named(".h5")) { $0.compresses = compresses }.content.count
        }
        #expect(sizes[1] < sizes[0] / 4)
    }

    @Test func theOptimizersStateCanBeLeftOut() throws {
        let (again, _, _) = try written(try open("generations/k315_seq.h5")) { $0.stripsOptimizer = true }
        #expect(again.training?.optimizerVariables.isEmpty == true && again.training?.optimizer["class_name"] == "Adam")
    }

    /// Keras 3 hands a list of one on within a Sequential: a chain that holds a model is written call by call.
    @Test func aChainThatHoldsAGraphIsWrittenAsOne() throws {
        let input = Input(2, name: "x")
        let inner = ModelLayer(try Architecture(name: "inner", inputs: [input], outputs: [Dense(2).named("d")(input)]))
        let chain = ModelLayer(Architecture(sequential: "chain", layers: [Dense(2).named("first").inputShape(3), inner, ReLU()]))
        let built = try BuiltModel(chain)
        var weights: [WeightID: Tensor] = [:]
        for (id, spec) in built.allWeights(of: chain) { weights[id] = try Tensor(zeros: spec.shape) }
        let model = SavedModel(root: chain, weights: weights, origin: nil)
        let (again, _, notes) = try written(model, target: .universal)
        #expect(again.root.architecture.kind == .functional && again.weights.count == 4)
        #expect(notes.contains { $0.contains("'chain'") })
        #expect(try written(model, target: .keras3).file.root.architecture.kind == .sequential)
    }

    /// Calls of a nested model are numbered so that Keras 3, which counts from 0, and tf.keras, which counts from 1, mean the same.
    @Test func nestedCallsAreTwiceInUniversalFiles() throws {
        let inner = ModelLayer(Architecture(sequential: "inner", layers: [Dense(2).inputShape(2)]))
        let input = Input(2, name: "x")
        let first = inner(input)
        let root = ModelLayer(try Architecture(name: "whole", inputs: [input], outputs: [Add().named("add")([first, inner(first)])]))
        let json = try ModelConfigWriter.json(root, built: BuiltModel(root), target: .universal)
        let layers = json["config"]?["layers"]?.array ?? []
        #expect(json["class_name"] == "Model")
        #expect(layers.first { $0["name"] == "inner" }?["inbound_nodes"]?.array?.count == 4)
        #expect(layers.first { $0["name"] == "add" }?["inbound_nodes"]?[0]?.array?.compactMap { $0[1]?.integer } == [1, 3])
    }

    /// Keras 3.0 to 3.3 knows a class of initializers by the function's name, as every Keras does, and has a GRU without a key that the others take.
    @Test func universalFilesHaveWordsThatEveryKerasKnows() throws {
        let root = ModelLayer(Architecture(sequential: "s", layers: [GRU(2).inputShape(3, 4)]))
        func words(_ target: SaveTarget) throws -> JSON? {
            let json = try ModelConfigWriter.json(root, built: BuiltModel(root), target: target)
            return json["config"]?["layers"]?.array?.last?["config"]
        }
        for (target, name) in [SaveTarget.universal: "orthogonal", .keras3: "Orthogonal", .keras2: "Orthogonal"] {
            #expect(try words(target)?["recurrent_initializer"]?["class_name"]?.string == name)
            #expect(try (words(target)?["implementation"] != nil) == (target == .keras2))
        }
    }

    /// A key that nobody here knows goes back to those it came from, and to others only the news that it is gone.
    @Test func unknownKeysAreKeptOrTold() throws {
        let json: JSON = [
            "class_name": "Sequential", "keras_version": "2.4.0", "backend": "tensorflow",
            "config": [
                "name": "s",
                "layers": [["class_name": "Dense", "config": ["name": "d", "units": 2, "batch_input_shape": [nil, 3], "novelty": 7]]],
            ],
        ]
        let model = try ModelFile.architecture(json)
        let same = try ModelFile.encode(model, as: .named(".json"))
        #expect(try JSON(parsing: same.content.bytes) == json && same.notes == [])
        let other = try ModelFile.encode(model, as: .named(".json"), target: .keras3)
        #expect(!String(decoding: other.content.bytes, as: UTF8.self).contains("novelty"))
        #expect(other.notes.contains { $0.contains("novelty") })
    }

    /// A frozen model in a model stays frozen where only layers can say so.
    @Test func frozenModelsStayFrozen() throws {
        let inner = ModelLayer(Architecture(sequential: "inner", layers: [Dense(2).inputShape(2)])).trainable(false)
        let input = Input(2, name: "x")
        let root = ModelLayer(try Architecture(name: "whole", inputs: [input], outputs: [inner(input)]))
        for target in SaveTarget.allCases {
            let json = try ModelConfigWriter.json(root, built: BuiltModel(root), target: target)
            let again = try ModelFile.architecture(json)
            #expect(try BuiltModel(again.root).trainability(of: again.root).allSatisfy { !$0.isTrained }, "\(target)")
        }
    }

    @Test func typesAreChanged() throws {
        let model = try open("generations/k315_seq.h5")
        let (half, notes) = try model.converted(to: .float16)
        let (again, _, _) = try written(half)
        #expect(again.weights.values.allSatisfy { $0.dtype == .float16 })
        #expect(again.root.architecture.layers.allSatisfy { $0.base.dtype == DTypePolicy(.float16) })
        #expect(notes.count == 2 && again.training?.optimizerVariables.isEmpty == true)
    }

    @Test func namesSayTheContainer() throws {
        #expect(try ModelContainer.named("a.h5").content == .model)
        #expect(try ModelContainer.named("a.h5", weightsOnly: true).content == .weights)
        #expect(try ModelContainer.named("a.json").content == .architecture)
        #expect(throws: KerasError.self) { try ModelContainer.named("a.xyz") }
    }
}
