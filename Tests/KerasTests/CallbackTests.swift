import Foundation
import Testing

@testable import Keras

/// Callbacks in a training.
@Suite struct CallbackTests {
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "keras-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    private func numbers(_ model: Model) throws -> [Float] { try model.getWeights().flatMap { try $0.scalars(as: Float.self) } }

    /// Says what the rate and the figures were.
    private final class Witness: Callback {
        var rates: [Double] = []
        var names: [[String]] = []
        var weights: [[Float]] = []
        func onEpochBegin(_ epoch: Int, _ training: Training) { rates.append(training.learningRate) }
        func onEpochEnd(_ epoch: Int, _ logs: Logs, _ training: Training) throws {
            names.append(logs.values.map(\.name))
            weights.append(try training.model.getWeights().flatMap { try $0.scalars(as: Float.self) })
        }
    }

    @Test func theBestWeightsComeBack() throws {
        let (x, y) = try TrainingTests.points(64)
        let model = try TrainingTests.classifier()
        let (stopping, witness) = (EarlyStopping(monitor: "loss", patience: 2, mode: .max, restoreBestWeights: true), Witness())
        let history = try model.fit(x, y, epochs: 20, callbacks: [stopping, witness])
        // A loss that should rise was best at first.
        #expect(history.epoch == [0, 1, 2] && stopping.bestEpoch == 0 && stopping.stoppedEpoch == 2)
        #expect(try numbers(model) == witness.weights[0])
    }

    @Test func ratesAreSetAndLogged() throws {
        let (x, y) = try TrainingTests.points(64)
        let model = try TrainingTests.classifier()
        let witness = Witness()
        let halved = LearningRateScheduler { epoch, rate in epoch == 0 ? rate : rate / 2 }
        let history = try model.fit(x, y, epochs: 3, callbacks: [halved, witness])
        let expected = [0.02, 0.01, 0.005].map { Double(Float($0)) }
        #expect(witness.rates == expected && history["learning_rate"] == expected)
        #expect(witness.names[0] == ["loss", "accuracy", "learning_rate"])
        // What training has changed is saved.
        try inFolder { folder in
            for name in ["model.keras", "model.h5"] {
                try model.save(to: folder + "/" + name)
                let next = Witness()
                let again = try Model.load(folder + "/" + name)
                if name.hasSuffix(".h5") { try again.compile(optimizer: .adam(learningRate: 0.005), loss: .sparseCategoricalCrossentropy) }
                try again.fit(x, y, callbacks: [next])
                #expect(next.rates == [expected[2]])
            }
        }
        let plateau = ReduceLROnPlateau(monitor: "loss", factor: 0.5, patience: 1, mode: .max)
        let seen = Witness()
        try model.fit(x, y, epochs: 3, callbacks: [plateau, seen])
        #expect(seen.rates == [0.005, 0.005, 0.0025].map { Double(Float($0)) })
    }

    @Test func schedulesGoByTheStep() throws {
        let (x, y) = try TrainingTests.points(64)
        let model = try TrainingTests.classifier()
        let schedule = ExponentialDecay(initialLearningRate: 0.1, decaySteps: 4, decayRate: 0.5)
        try model.compile(optimizer: .sgd(momentum: 0.9).scheduled(schedule), loss: .sparseCategoricalCrossentropy)
        let witness = Witness()
        try model.fit(x, y, batchSize: 16, epochs: 2, callbacks: [witness])
        #expect(witness.rates == [0.1, 0.05].map { Double(Float($0)) })
        try inFolder { folder in
            try model.save(to: folder + "/model.keras")
            let again = try Model.load(folder + "/model.keras")
            let next = Witness()
            try again.fit(x, y, batchSize: 16, callbacks: [next])
            #expect(next.rates == [Double(Float(0.025))])
        }
    }

    @Test func checkpointsAndTables() throws {
        let (x, y) = try TrainingTests.points(64)
        try inFolder { folder in
            let model = try TrainingTests.classifier()
            let every = ModelCheckpoint(folder + "/deep/er/{epoch:02d}-{loss:.2f}.keras")
            let best = ModelCheckpoint(folder + "/best.weights.h5", monitor: "loss", saveBestOnly: true, saveWeightsOnly: true, mode: .max)
            let batches = ModelCheckpoint(folder + "/batch-{batch}.h5", saveFrequency: .batches(3))
            let table = CSVLogger(folder + "/log.csv")
            let history = try model.fit(x, y, batchSize: 16, epochs: 2, callbacks: [every, best, batches, table])
            let losses = history["loss"].map { fixed($0, 2) }
            let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/deep/er").sorted()
            #expect(names == ["01-\(losses[0]).keras", "02-\(losses[1]).keras"])
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("batch") }.sorted() == [
                    "batch-2.h5", "batch-3.h5",
                ])
            let text = try String(contentsOfFile: folder + "/log.csv", encoding: .utf8)
            #expect(text.hasPrefix("epoch,accuracy,loss,val_accuracy,val_loss\r\n0,"))
            #expect(text.contains(",\(plain(history["loss"][1])),NA,NA\r\n"))
            let again = try TrainingTests.classifier()
            try again.loadWeights(from: folder + "/best.weights.h5")
            #expect(try numbers(Model.load(folder + "/deep/er/" + names[0])) == numbers(again))
            #expect(throws: KerasError.self) { try model.fit(x, y, callbacks: [ModelCheckpoint(folder + "/model.txt")]) }
            #expect(throws: KerasError.self) { try model.fit(x, y, callbacks: [ModelCheckpoint(folder + "/{val_loss}.keras")]) }
            #expect(throws: KerasError.self) { try model.fit(x, y, callbacks: [EarlyStopping()]) }
        }
    }

    @Test func namesAreFilledInAsPythonDoes() throws {
        let numbers: [(name: String, number: TemplateNumber)] = [("epoch", .integer(7)), ("loss", .real(-0.12345))]
        for (template, name) in [
            ("{epoch:02d}.h5", "07.h5"), ("{epoch}-{loss:.2f}", "7--0.12"), ("{loss:08.3f}|{epoch:3d}", "-000.123|  7"),
            ("{loss:.1e}", "-1.2e-01"),
            ("plain", "plain"),
        ] { #expect(try filled(template, with: numbers) == name) }
        #expect(throws: KerasError.self) { try filled("{loss:x}", with: numbers) }
        #expect(throws: KerasError.self) { try filled("{epoch:99999999d}", with: numbers) }
    }

    private struct Broken: Error {}
    /// Breaks training off in the middle of an epoch.
    private final class Breaker: Callback {
        let epoch: Int
        init(_ epoch: Int) { self.epoch = epoch }
        func onEpochBegin(_ epoch: Int, _ training: Training) throws { if epoch == self.epoch { throw Broken() } }
    }

    /// Broken off and begun again, it comes to the same bits as at one go.
    @Test func trainingThatWasBrokenOffGoesOn() throws {
        let (x, y) = try TrainingTests.points(64)
        try inFolder { folder in
            let whole = try TrainingTests.classifier()
            let start = try whole.getWeights()
            try whole.fit(x, y, batchSize: 16, epochs: 4, seed: 3)
            let first = try TrainingTests.classifier()
            try first.setWeights(start)
            #expect(throws: Broken.self) {
                try first.fit(x, y, batchSize: 16, epochs: 4, callbacks: [BackupAndRestore(folder + "/kept"), Breaker(2)], seed: 3)
            }
            let second = try TrainingTests.classifier()
            let history = try second.fit(x, y, batchSize: 16, epochs: 4, callbacks: [BackupAndRestore(folder + "/kept")], seed: 3)
            #expect(history.epoch == [2, 3])
            #expect(try numbers(second) == numbers(whole))
            #expect(!FileManager.default.fileExists(atPath: folder + "/kept"))
        }
    }

    @Test func aLossThatIsNoNumberEndsTraining() throws {
        let (x, y) = try TrainingTests.points(64)
        let model = try TrainingTests.classifier()
        try model.setWeights(try model.getWeights().map { try Tensor([Float](repeating: .nan, count: $0.count), shape: $0.shape) })
        let history = try model.fit(x, y, epochs: 5, callbacks: [TerminateOnNaN()])
        #expect(history.epoch == [0])
        #expect(throws: KerasError.self) { try model.fit(x, y, callbacks: [TerminateOnNaN(raiseError: true)]) }
    }
}
