import JSON
import KerasFormat
import KerasModel
import Storage
import Tensors
import Testing

/// What a file says of training, in another Keras's words. What the Kerases make of it is asked in `Tests/Interop/figures.py`.
@Suite struct TrainingWordsTests {
    /// tf_keras cannot see which accuracy is meant when it loads an `.h5`; the others can.
    @Test(
        arguments: [
            (Loss.sparseCategoricalCrossentropy, 10, "SparseCategoricalAccuracy"), (.categoricalCrossentropy, 10, "CategoricalAccuracy"),
            (.binaryCrossentropy, 1, "BinaryAccuracy"), (.meanSquaredError, 1, "BinaryAccuracy"),
        ])
    func accuracyIsSaidOutright(loss: Loss, width: Int, className: String) throws {
        func said(_ target: SaveTarget, output: String? = nil, isStored: Bool = true) throws -> JSON {
            try Metric.translated(
                "accuracy", from: .keras3, to: EncodingContext(target: target),
                at: MetricPlace(output: output, shape: [nil, width], loss: loss), isStored: isStored)
        }
        for target in [SaveTarget.universal, .tfKeras] {
            let metric = try said(target)
            #expect(metric["class_name"]?.string == className && metric["config"]?["name"] == "accuracy")
            #expect(try said(target, output: "digit")["config"]?["name"] == "digit_accuracy")
        }
        #expect(try said(.keras3) == "accuracy" && said(.keras2) == "accuracy" && said(.tfKeras, isStored: false) == "accuracy")
    }

    /// Keras 2 tells the accuracy by the loss: of several labels it is the binary one, which others have to be told.
    @Test func accuracyOfLabels() throws {
        let place = MetricPlace(output: nil, shape: [nil, 5], loss: .binaryCrossentropy)
        let said = try Metric.translated("accuracy", from: .keras2, to: EncodingContext(target: .keras3), at: place, isStored: true)
        #expect(said["class_name"] == "BinaryAccuracy" && said["module"] == "keras.metrics")
        #expect(
            try Metric.translated("accuracy", from: .keras2, to: EncodingContext(target: .keras2), at: place, isStored: true) == "accuracy")
    }

    /// What an optimizer keeps is the same in every file that has a place for it.
    @Test(arguments: ["k315_seq.h5", "k224_seq.h5"])
    func stateGoesAcross(file: String) throws {
        let path = "\(ModelFileTests.fixtures)/generations/\(file)"
        guard let model = try? ModelFile.read(path), let training = model.training, !training.optimizerVariables.isEmpty else { return }
        let kept = training.optimizerVariables.filter { $0.tensor.shape.rank > 0 && $0.tensor.count > 1 }.map(\.tensor)
        for (ending, target) in [(".keras", SaveTarget.keras3), (".h5", .tfKeras), (".h5", .keras2)] {
            let (content, notes) = try ModelFile.encode(model, as: .named(ending), target: target, configure: { _ in })
            let again = try ModelFile.decode(try content.joined(), name: "written")
            let found = (again.training?.optimizerVariables ?? []).filter { $0.tensor.shape.rank > 0 && $0.tensor.count > 1 }.map(\.tensor)
            #expect(try sorted(found) == sorted(kept), "\(target), \(notes)")
        }
    }

    /// A `.keras` is looked through by the very names of classes, which `keras fit --optimizer adam` is not given.
    @Test(arguments: [
        ("adam", "Adam"), ("adamw", "AdamW"), ("rmsprop", "RMSprop"), ("SGD", "SGD"), ("Custom>lion", "Lion"), ("Mine", "Mine"),
    ])
    func optimizersAreNamedByTheirClasses(said: String, wanted: String) throws {
        var model = try ModelFile.read("\(ModelFileTests.fixtures)/generations/k315_seq.h5")
        var training = try #require(model.training)
        training.optimizer = ["class_name": .string(said), "config": [:]]
        training.optimizerVariables = []
        training.source = nil
        model.training = training
        let content = try ModelFile.encode(model, as: .named(".keras"), target: .keras3).content
        let optimizer = try ModelFile.decode(try content.joined(), name: "written").training?.optimizer
        #expect(optimizer?["class_name"]?.string == wanted && optimizer?["module"] == "keras.optimizers")
    }

    private func sorted(_ tensors: [Tensor]) throws -> [[UInt8]] {
        try tensors.map { try $0.contiguous().withUnsafeBytes(Array.init) }.sorted { $0.lexicographicallyPrecedes($1) }
    }
}
