import Foundation
import Keras
import KerasFormat
import KerasModel
import Tensors
import Testing

/// Files that a Keras wrote and computed from: Keras 1.2.2, on TensorFlow and on Theano; cuDNN's layers of Keras 2.2.4 and tf_keras; unrolled loops.
@Suite struct OldFilesTests {
    static let folder = String(#filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()) + "/Fixtures/old"

    static let files: [(String, String, String?)] = [
        ("k122_merge", "k122_merge.h5", nil), ("k122_channels_first", "k122_channels_first.h5", nil),
        ("k122_separable", "k122_separable.h5", nil), ("k122_prelu", "k122_prelu.h5", nil), ("k122_theano", "k122_theano.h5", nil),
        ("k122_channels_first", "k122_channels_first.yaml", "k122_channels_first_w.h5"),
        // cuDNN's weights in cuDNN's layers and in plain ones, and plain weights in cuDNN's.
        ("k224_cudnn", "k224_cudnn.h5", nil), ("k224_cudnn", "k224_cudnn_plain.json", "k224_cudnn.h5"),
        ("k224_cudnn", "k224_cudnn.json", "k224_cudnn_plain_w.h5"),
        ("tfk221_cudnn", "tfk221_cudnn.h5", nil), ("tfk221_cudnn", "tfk221_cudnn.keras", nil),
        ("tfk221_cudnn", "tfk221_cudnn_plain.json", "tfk221_cudnn.h5"),
        ("tfk221_cudnn", "tfk221_cudnn.json", "tfk221_cudnn_plain_w.h5"),
        ("k310_split", "k310_split.json", "k310_split.weights.json"),
        ("k315_unrolled", "k315_unrolled.h5", nil), ("tfk221_unrolled", "tfk221_unrolled.h5", nil),
    ]

    static let types: [(String, Float)] = [("float64", 1e-6), ("float16", 4e-3), ("bfloat16", 3e-2)]

    /// The tolerance is a few of the type's last places.
    @Test(arguments: types, ["h5", "keras"]) func otherTypesAreReadAndComputedIn(type: (String, Float), ending: String) throws {
        let known = try NPZ(path: "\(OldFilesTests.folder)/k315_\(type.0).npz")
        let model = try Model.load("\(OldFilesTests.folder)/k315_\(type.0).\(ending)")
        let wanted = try known.tensor(named: "out0").scalars(as: Float.self)
        let found = try model.predict([known.tensor(named: "in0")])[0]
        let numbers = try found.scalars(as: Float.self)
        #expect(found.dtype.description == type.0)
        #expect(numbers.count == wanted.count && zip(numbers, wanted).allSatisfy { abs($0 - $1) <= type.1 * 2 })
    }

    /// A layer that a wrapper and the graph shared stands in a `.keras` once, and no Keras finds it again; the same model as `.h5` has it twice.
    @Test(arguments: ["k315", "tf213", "tf215"]) func aLayerSharedWithAWrapperIsFoundUnderItsPath(tag: String) throws {
        let folder = OldFilesTests.folder + "/../generations"
        let archive = try ModelFile.read("\(folder)/\(tag)_func.keras")
        #expect(archive.warnings.contains { $0.contains("'inner'") && $0.contains("stand in the file once") })
        let (model, whole) = (try Model.load("\(folder)/\(tag)_func.keras"), try Model.load("\(folder)/\(tag)_func.h5"))
        let dims = try #require(model.inputs.first?.shape).dims.dropFirst().map { $0 ?? 1 }
        let count = dims.reduce(1, *)
        let x = try Tensor((0..<2 * count).map { Float($0 % 7) / 3 - 1 }, shape: Shape([2] + dims))
        for (found, wanted) in zip(try model.predict([x]), try whole.predict([x])) {
            let (some, others) = (try found.scalars(as: Float.self), try wanted.scalars(as: Float.self))
            #expect(some.count == others.count && zip(some, others).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }

    @Test(arguments: ["int4", "float8", "gptq"]) func quantizationsThatAreNotThereAreRefusedByName(mode: String) throws {
        #expect {
            try ModelFile.read("\(OldFilesTests.folder)/k315_\(mode).keras")
        } throws: { error in
            let problems = (error as? KerasError)?.problems ?? []
            return !problems.isEmpty && problems.allSatisfy { $0.kind == .unsupported } && "\(error)".contains(mode)
        }
    }

    @Test(arguments: ["k300", "k333", "k315", "tf212", "tf214", "tfk221"])
    func weightsOfAClassOfItsOwnAreListed(tag: String) throws {
        let list = try WeightsFile("\(OldFilesTests.folder)/\(tag)_subclassed.weights.h5").list()
        let wanted: [[Int]] = [[5, 4], [4], [4, 3], [3], [3, 2], [2]]
        #expect(Set(list.map(\.shape.dims)) == Set(wanted) && list.count == 6)
    }

    @Test(arguments: files)
    func numbersAreThoseOfTheKerasThatWroteIt(numbers: String, file: String, weights: String?) throws {
        let model = try Model.load("\(OldFilesTests.folder)/\(file)", weights: weights.map { "\(OldFilesTests.folder)/\($0)" })
        let known = try NPZ(path: "\(OldFilesTests.folder)/\(numbers).npz")
        let inputs = try known.names.filter { $0.hasPrefix("in") }.map { try known.tensor(named: $0) }
        let wanted = try known.tensor(named: "out0").scalars(as: Float.self)
        let found = try model.predict(inputs)[0].scalars(as: Float.self)
        let scale = wanted.map(abs).max() ?? 1
        #expect(found.count == wanted.count && zip(found, wanted).allSatisfy { abs($0 - $1) <= 1e-6 * scale })
    }

    /// Keras 1's layers that no later Keras has, by the formulas of `keras/layers/core.py` of Keras 1.2.2.
    @Test func highwayAndMaxoutDoWhatKeras1Says() throws {
        func model(_ layer: String, _ keys: String) throws -> Model {
            try Model(
                json: """
                    {"class_name": "Sequential", "keras_version": "1.2.2", "config": [{"class_name": "\(layer)", "config": {"name": "l", \(keys),
                    "trainable": true, "batch_input_shape": [null, 3], "input_dtype": "float32"}}]}
                    """)
        }
        func numbers(_ count: Int, _ seed: Int) -> [Float] { (0..<count).map { Float(($0 * 7 + seed * 5) % 11) / 6 - 0.8 } }
        func product(_ x: [Float], _ kernel: ArraySlice<Float>, _ bias: ArraySlice<Float>) -> [Float] {
            let (kernel, bias) = (Array(kernel), Array(bias))
            return bias.indices.map { j in x.indices.reduce(bias[j]) { $0 + x[$1] * kernel[$1 * bias.count + j] } }
        }
        let x: [Float] = [0.3, -1.1, 0.8]
        let input = try Tensor(x, shape: [1, 3])

        let highway = try model("Highway", "\"init\": \"glorot_uniform\", \"activation\": \"relu\", \"bias\": true, \"input_dim\": 3")
        let (kernel, carry, bias, carryBias) = (numbers(9, 1), numbers(9, 2), numbers(3, 3), numbers(3, 4))
        try highway.setWeights([
            Tensor(kernel, shape: [3, 3]), Tensor(carry, shape: [3, 3]), Tensor(bias, shape: [3]), Tensor(carryBias, shape: [3]),
        ])
        let made = product(x, kernel[...], bias[...]).map { max($0, 0) }
        let gates = product(x, carry[...], carryBias[...]).map { 1 / (1 + exp(-$0)) }
        let wanted = x.indices.map { made[$0] * gates[$0] + (1 - gates[$0]) * x[$0] }
        let found = try highway.predict([input])[0].scalars(as: Float.self)
        #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-6 } && found.count == 3)

        let maxout = try model(
            "MaxoutDense", "\"init\": \"glorot_uniform\", \"output_dim\": 2, \"nb_feature\": 4, \"bias\": true, \"input_dim\": 3")
        let (kernels, biases) = (numbers(24, 5), numbers(8, 6))
        try maxout.setWeights([Tensor(kernels, shape: [4, 3, 2]), Tensor(biases, shape: [4, 2])])
        let features = (0..<4).map { product(x, kernels[$0 * 6..<$0 * 6 + 6], biases[$0 * 2..<$0 * 2 + 2]) }
        let largest = (0..<2).map { j in features.map { $0[j] }.max() ?? 0 }
        let given = try maxout.predict([input])[0].scalars(as: Float.self)
        #expect(zip(given, largest).allSatisfy { abs($0 - $1) < 1e-6 } && given.count == 2)
    }

    /// As those Kerases were asked (`Tests/Interop/compatibility.py`).
    @Test(arguments: [
        ("generations/k315_func.keras", [KerasFormat.Reading.fails, .fails, .fails, .fails]),
        ("generations/k315_func.h5", [.fails, .fails, .fails, .uncompiled]),
        ("generations/tf215_func.keras", [.fails, .fails, .fails, .fails]),
        ("generations/tf24_seq.h5", [.fails, .fails, .same, .same]),
        ("generations/bf.h5", [.fails, .fails, .fails, .fails]),
        ("old/k224_cudnn.h5", [.fails, .same, .same, .fails]), ("old/tfk221_cudnn.h5", [.fails, .fails, .same, .fails]),
        ("old/tfk221_cudnn.keras", [.fails, .fails, .fails, .fails]), ("training/loss_scale_k315.keras", [.fails, .fails, .fails, .same]),
        ("training/loss_scale_tfk221.keras", [.fails, .fails, .same, .uncompiled]),
        ("training/loss_scale_tfk221.h5", [.fails, .fails, .same, .uncompiled]),
        ("training/loss_scale_legacy_tfk221.h5", [.fails, .fails, .same, .uncompiled]),
        ("old/k122_merge.h5", [.same, .fails, .fails, .fails]),
        ("old/k310_split.weights.json", [.fails, .fails, .fails, .fails]),
    ])
    func whatEachKerasMakesOfAFileIsForeseen(file: String, readings: [KerasFormat.Reading]) throws {
        let diagnosis = try Diagnosis("\(OldFilesTests.folder)/../\(file)")
        #expect(diagnosis.problems.isEmpty && diagnosis.verdicts.map(\.reader) == FileReader.allCases)
        #expect(diagnosis.verdicts.map(\.reading) == readings)
    }

    /// Without turning the kernels back the numbers are others, and no shape tells.
    @Test func theanoIsToldByTheNamesOfItsVariables() throws {
        let diagnosis = try Diagnosis("\(OldFilesTests.folder)/k122_theano.h5")
        #expect(diagnosis.problems.isEmpty)
        #expect(diagnosis.oddities.contains { $0.sentence.contains("Theano") })
        let verdicts = Dictionary(uniqueKeysWithValues: diagnosis.verdicts.map { ($0.reader, $0.reading) })
        #expect(verdicts == [.keras1: .same, .keras2: .otherwise, .tfKeras: .fails, .keras3: .fails])
    }
}
