import Foundation
import Keras
import Testing

/// Training as a user sees it.
@Suite struct TrainingTests {
    /// Points in the plane, and on which side of a circle they lie.
    static func points(_ count: Int) throws -> (x: Tensor, y: Tensor) {
        var (state, x, y): (UInt64, [Float], [Int32]) = (7, [], [])
        func number() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int(state >> 40) - 1 << 23) / Float(1 << 23)
        }
        for _ in 0..<count {
            let (a, b) = (number(), number())
            x += [a, b]
            y.append(a * a + b * b < 0.5 ? 1 : 0)
        }
        return (try Tensor(x, shape: [count, 2]), try Tensor(y))
    }

    static func classifier(_ extra: [any Layer] = []) throws -> Sequential {
        let model = Sequential([Dense(16, activation: .tanh).inputShape(2)] + extra + [Dense(2, activation: .softmax)])
        try model.compile(optimizer: .adam(learningRate: 0.02), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        return model
    }

    @Test func aModelLearnsAndKeepsWhatItLearnt() throws {
        let (x, y) = try Self.points(400)
        let model = try Self.classifier()
        let before = try model.evaluate(x, y)
        let history = try model.fit(x, y, batchSize: 16, epochs: 30, validationSplit: 0.25)
        #expect(history.epoch == Array(0..<30))
        #expect(history.names == ["loss", "accuracy", "val_loss", "val_accuracy"])
        let after = try model.evaluate(x, y)
        #expect(after.loss < before.loss / 2)
        #expect(try #require(after["accuracy"]) > 0.9)
        // What was held back is what the last epoch was validated with.
        let held = try model.evaluate(x[300..<400], y[300..<400], batchSize: 16)
        #expect(abs(held.loss - history["val_loss"][29]) < 1e-9)
    }

    static let optimizers: [Optimizer] = [
        .sgd, .sgd(momentum: 0.9, nesterov: true), .rmsprop, .rmsprop(momentum: 0.5, centered: true), .adagrad, .adadelta, .adam,
        .adam(amsgrad: true), .adamW, .adamax, .nadam, .ftrl, .lion, gathering,
    ]

    /// Four steps of an epoch leave one gradient waiting.
    private static var gathering: Optimizer {
        var optimizer = Optimizer.adam
        optimizer.gradientAccumulationSteps = 3
        return optimizer
    }

    /// Two epochs at once, or one, a file, and another: the same bits.
    @Test(arguments: optimizers.indices) func trainingGoesOnFromAFile(_ index: Int) throws {
        let (x, y) = try Self.points(64)
        let folder = FileManager.default.temporaryDirectory.appending(path: "keras-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "model.keras").path
        let model = try Self.classifier([BatchNormalization()])
        try model.compile(optimizer: Self.optimizers[index], loss: .sparseCategoricalCrossentropy)
        try model.fit(x, y, batchSize: 16, shuffle: false)
        #expect(try model.save(to: path) == [])
        try model.fit(x, y, batchSize: 16, shuffle: false)
        let again = try Model.load(path)
        try again.fit(x, y, batchSize: 16, shuffle: false)
        for (a, b) in zip(try model.getWeights(), try again.getWeights()) {
            #expect(try a.scalars(as: Float.self) == b.scalars(as: Float.self))
        }
    }

    @Test func theSameSeedGivesTheSameModel() throws {
        let (x, y) = try Self.points(100)
        func weights(_ seed: UInt64) throws -> [[Float]] {
            let model = try Self.classifier([Dropout(0.3)])
            try model.fit(x, y, batchSize: 16, epochs: 2, seed: seed)
            return try model.getWeights().map { try $0.scalars(as: Float.self) }
        }
        let first = try weights(3)
        #expect(try first == weights(3))
        #expect(try first != weights(4))
    }

    @Test func aFrozenLayerStays() throws {
        let (x, y) = try Self.points(64)
        let model = Sequential {
            Dense(8, activation: .relu, name: "frozen").inputShape(2).trainable(false)
            Dense(2, activation: .softmax, name: "free")
        }
        try model.compile(optimizer: .sgd(learningRate: 0.5), loss: .sparseCategoricalCrossentropy)
        let before = try model.getWeights()
        try model.fit(x, y)
        let after = try model.getWeights()
        #expect(try before[0].scalars(as: Float.self) == after[0].scalars(as: Float.self))
        #expect(try before[2].scalars(as: Float.self) != after[2].scalars(as: Float.self))
    }

    /// A mean of 1 and then one of 1.5, as Keras makes the calls: the other way round it would be 0.02485.
    @Test func aSharedLayerKeepsWhatItSeesInKerasOrder() throws {
        let input = Input(1)
        let normalization = BatchNormalization()
        let model = try Model(inputs: input, outputs: Add()([normalization(input), normalization(ReLU()(input))]))
        try model.compile(optimizer: .sgd, loss: .meanSquaredError)
        let batch = try Tensor([-1, 3] as [Float], shape: [2, 1])
        try model.fit(batch, batch, shuffle: false)
        let mean = try #require(try model.getWeights()[2].scalars(as: Float.self).first)
        #expect(abs(mean - 0.0249) < 1e-7)
    }

    @Test func aClassWeighsAsItsSamplesWould() throws {
        let (x, y) = try Self.points(64)
        let weights = try Tensor(y.scalars(as: Int.self).map { Float($0 == 1 ? 3 : 1) })
        let (a, b) = (try Self.classifier(), try Self.classifier())
        let first = try a.fit(x, y, shuffle: false, classWeight: [1: 3])
        let second = try b.fit(x, y, shuffle: false, sampleWeight: weights)
        #expect(first["loss"] == second["loss"])
        #expect(try a.getWeights()[0].scalars(as: Float.self) == b.getWeights()[0].scalars(as: Float.self))
    }

    @Test func aStepOnOneBatchIsAStepOfFit() throws {
        let (x, y) = try Self.points(32)
        let (a, b) = (try Self.classifier(), try Self.classifier())
        try a.fit(x, y, batchSize: 16, shuffle: false)
        for rows in [0..<16, 16..<32] { try b.trainOnBatch(x[rows], y[rows]) }
        for (a, b) in zip(try a.getWeights(), try b.getWeights()) { #expect(try a.scalars(as: Float.self) == b.scalars(as: Float.self)) }
    }

    /// What is made ready for one step serves the next, and sees what changed in between.
    @Test func stepsSeeWhatChangedInBetween() throws {
        let (x, y) = try Self.points(32)
        let (a, b) = (try Self.classifier([BatchNormalization()]), try Self.classifier([BatchNormalization()]))
        let first = try a.getWeights()
        for model in [a, b] {
            try model.trainOnBatch(x, y)
            try model.setWeights(first)
            model.runtime.threads = 1
        }
        // In one of them nothing is left of the first step's preparations.
        try b.compile(optimizer: .adam(learningRate: 0.02), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        try a.compile(optimizer: .adam(learningRate: 0.02), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        for _ in 0..<3 {
            let logs = try a.trainOnBatch(x, y)
            #expect(logs["loss"] == (try b.trainOnBatch(x, y))["loss"])
            try b.setWeights(try b.getWeights())
        }
        for (a, b) in zip(try a.getWeights(), try b.getWeights()) { #expect(try a.scalars(as: Float.self) == b.scalars(as: Float.self)) }
    }

    /// Two inputs, two outputs, by their names.
    @Test func severalInputsAndOutputsByName() throws {
        let (x, y) = try Self.points(48)
        let (left, right) = (Input(1, name: "left"), Input(1, name: "right"))
        let both = Concatenate()([left, right])
        let side = Dense(2, activation: .softmax, name: "side")(Dense(8, activation: .tanh)(both))
        let sum = Dense(1, name: "sum")(both)
        let model = try Model(inputs: [left, right], outputs: [side, sum])
        try model.compile(
            optimizer: .adam, losses: ["side": .sparseCategoricalCrossentropy, "sum": .meanSquaredError], lossWeights: ["sum": 0.5],
            metrics: ["side": [.accuracy]])
        let numbers = try x.scalars(as: Float.self)
        let columns = try (0..<2).map { c in try Tensor(stride(from: c, to: 96, by: 2).map { numbers[$0] }, shape: [48, 1]) }
        let sums = try Tensor((0..<48).map { numbers[2 * $0] + numbers[2 * $0 + 1] }, shape: [48, 1])
        let history = try model.fit(["left": columns[0], "right": columns[1]], ["side": y, "sum": sums], epochs: 3)
        #expect(history.names == ["loss", "side_loss", "sum_loss", "side_accuracy"])
        for epoch in 0..<3 {
            let total = history["side_loss"][epoch] + 0.5 * history["sum_loss"][epoch]
            #expect(abs(history["loss"][epoch] - total) < 0.05 * total)
        }
        let error = #expect(throws: KerasError.self) {
            try model.fit(["left": columns[0], "wrong": columns[1]], ["side": y, "sum": sums])
        }
        #expect(error?.problems.first?.found == "'wrong'")
    }

    @Test func aCallbackMayEndIt() throws {
        final class Stop: Callback {
            var batches = 0
            func onTrainBatchEnd(_ batch: Int, _ logs: Logs, _ training: Training) {
                batches += 1
                if batches == 3 { training.stopTraining = true }
            }
        }
        let (x, y) = try Self.points(64)
        let stop = Stop()
        let history = try Self.classifier().fit(x, y, batchSize: 8, epochs: 5, callbacks: [stop])
        #expect(stop.batches == 3)
        #expect(history.epochs.count == 1)
    }

    @Test func aSequenceWithTooManyAnswersIsRefused() throws {
        struct Wrong: BatchSequence {
            let batch: Batch
            let count = 1
            func batch(at index: Int) -> Batch { batch }
        }
        let (x, y) = try Self.points(8)
        let model = try Self.classifier()
        #expect(throws: KerasError.self) { try model.fit(Wrong(batch: Batch(inputs: [x], targets: [y, y]))) }
        #expect(throws: KerasError.self) { try model.fit(Wrong(batch: Batch(inputs: [x], targets: [y], sampleWeights: []))) }
    }

    @Test func whatDoesNotFitIsSaid() throws {
        let (x, y) = try Self.points(8)
        let model = Sequential { Dense(2).inputShape(2) }
        #expect(throws: KerasError.self) { try model.fit(x, y) }
        try model.compile(optimizer: .sgd, loss: .sparseCategoricalCrossentropy(fromLogits: true))
        #expect(throws: KerasError.self) { try model.fit(x, y[0..<7]) }
        #expect(throws: KerasError.self) { try model.fit(x, try Tensor([Int32](repeating: 5, count: 8))) }
        #expect(throws: KerasError.self) { try model.fit(x, y, batchSize: 0) }
        #expect(throws: KerasError.self) { try model.fit(try Tensor(zeros: [8, 3]), y) }
    }
}
