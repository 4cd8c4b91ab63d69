import Foundation
import JSON
import Keras
import KerasFormat
import KerasModel
import Testing

/// Optimizers that scale the loss go on from files as Keras goes on, over a step that is skipped.
@Suite struct LossScaleTests {
    private static let folder = SaveTests.fixtures + "/training/"
    private static let files = [
        "loss_scale_k315.keras", "loss_scale_k315.h5", "loss_scale_mixed_k315.keras", "loss_scale_tfk221.keras", "loss_scale_tfk221.h5",
        "loss_scale_legacy_tfk221.h5",
    ]

    private static func facts() throws -> JSON {
        let text = try Data(contentsOf: URL(filePath: folder + "loss_scale_k315_tfk221.json"))
        return try text.withUnsafeBytes { try JSON(parsing: $0) }
    }

    private static func numbers(_ json: JSON?) -> [Float] { json?.array?.compactMap { $0.number.map { Float($0) } } ?? [] }

    @Test(arguments: files) func trainingGoesOnAsInKeras(_ file: String) throws {
        let facts = try Self.facts()
        let first = try #require(facts["first"]?.integer)
        let isMixed = file.contains("mixed")
        let inputs: [Float] = Self.numbers(facts["x"]).map { isMixed ? min(max($0, -3), 3) : $0 }
        let x = try Tensor(inputs, shape: [inputs.count / 3, 3])
        let y = try Tensor(Self.numbers(facts["y"]), shape: [x.shape[0], 2])
        let model = try Model.load(Self.folder + file)
        let steps = try #require(facts["files"]?[file]?.array)
        #expect(!steps.isEmpty)
        for (number, wanted) in steps.enumerated() {
            let step = first + number
            try model.fit(
                x[4 * step..<4 * step + 4], y[4 * step..<4 * step + 4], batchSize: 4, shuffle: false, verbose: 0)
            for (found, wanted) in zip(try model.getWeights(), wanted["weights"]?.array ?? []) {
                let (found, wanted) = (try found.scalars(as: Float.self), Self.numbers(wanted))
                let scale = wanted.map(abs).max() ?? 1
                #expect(found.count == wanted.count)
                for (a, b) in zip(found, wanted) { #expect(abs(a - b) <= (isMixed ? 2e-3 : 2e-6) * scale, "step \(number)") }
            }
            // tf.keras keeps the scale in no file.
            let kept = try #require(try Self.state(model))
            let numbers = ["iteration", "dynamic_scale", "step_counter"].compactMap { kept[$0] }
            let told = (wanted["optimizer"]?.array ?? []).compactMap(\.number)
            #expect(numbers == (file.contains("tfk") ? Array(told.prefix(1)) : told), "step \(number)")
        }
    }

    /// The numbers that the optimizer keeps.
    private static func state(_ model: Model) throws -> [String: Double]? {
        let saved = try model.savedModel()
        let built = try BuiltModel(saved.root)
        guard let training = saved.training, let named = try training.namedState(of: training.optimizer(for: built), in: built) else {
            return nil
        }
        let numbers = try named.filter { $0.weight == nil }.map { ($0.slot, try $0.tensor.scalars(as: Double.self)[0]) }
        return Dictionary(numbers, uniquingKeysWith: { $1 })
    }

    /// From file to file, and into the other dialect where that has the class.
    @Test(arguments: ["loss_scale_k315.keras", "loss_scale_mixed_k315.keras", "loss_scale_tfk221.keras"], ["keras", "h5"])
    func whatIsKeptSurvivesConversion(_ file: String, _ ending: String) throws {
        let model = try Model.load(Self.folder + file)
        let before = try Self.slots(model.savedModel())
        let folder = FileManager.default.temporaryDirectory.appending(path: "keras-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "model.\(ending)").path
        _ = try model.save(to: path, target: .tfKeras)
        let there = try Self.slots(ModelFile.read(path))
        #expect(before.count > 1 && there == before)
    }

    private static func slots(_ saved: SavedModel) throws -> [String: [Float]] {
        let built = try BuiltModel(saved.root)
        let training = try #require(saved.training)
        let named = try #require(try training.namedState(of: training.optimizer(for: built), in: built)).filter { $0.weight != nil }
        return Dictionary(uniqueKeysWithValues: try named.map { ("\($0.weight ?? "") \($0.slot)", try $0.tensor.scalars(as: Float.self)) })
    }

    /// A power of two changes no bit of what is neither too large nor too small for it.
    @Test(arguments: [LossScale(initial: 1024, growthSteps: 3), LossScale(initial: 1024, growthSteps: nil)])
    func scalingChangesNothingThatFits(_ scale: LossScale) throws {
        let (x, y) = try TrainingTests.points(64)
        let folder = FileManager.default.temporaryDirectory.appending(path: "keras-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "model.keras").path
        let (plain, scaled) = (try TrainingTests.classifier(), try TrainingTests.classifier())
        try scaled.setWeights(plain.getWeights())
        var optimizer = Optimizer.adam(learningRate: 0.02)
        optimizer.lossScale = scale
        try scaled.compile(optimizer: optimizer, loss: .sparseCategoricalCrossentropy)
        for model in [plain, scaled] { try model.fit(x, y, batchSize: 16, shuffle: false, verbose: 0) }
        #expect(try scaled.save(to: path) == [])
        let again = try Model.load(path)
        for model in [plain, again] { try model.fit(x, y, batchSize: 16, shuffle: false, verbose: 0) }
        for (a, b) in zip(try plain.getWeights(), try again.getWeights()) {
            #expect(try a.scalars(as: Float.self) == b.scalars(as: Float.self))
        }
    }
}
