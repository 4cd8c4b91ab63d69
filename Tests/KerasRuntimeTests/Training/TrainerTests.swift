import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// Steps of training, below what a user sees.
@Suite struct TrainerTests {
    /// Convolutions of all kinds, normalization, and everything that draws at random.
    static func model() throws -> BuiltModel {
        try BuiltModel(
            ModelLayer(
                Architecture(
                    sequential: "model",
                    layers: [
                        Conv2D(8, (3, 3), activation: .relu).inputShape(12, 12, 3), BatchNormalization(), MaxPooling2D((2, 2)),
                        DepthwiseConv2D((3, 3)), GaussianNoise(0.1), SpatialDropout2D(0.2), Conv2D(12, (2, 2), strides: (2, 2)), Flatten(),
                        Dropout(0.4), AlphaDropout(0.1), GaussianDropout(0.2), Dense(5, activation: .softmax),
                    ])))
    }

    private func trained(threads: Int, _ convolutions: RuntimeOptions.Convolutions = .automatic) throws -> [[Float]] {
        let model = try Self.model()
        let spec = try EvaluationSpec(outputNames: ["y"], losses: [.sparseCategoricalCrossentropy], metrics: [[.accuracy]])
        let names = model.tree(of: model.root).all.map(\.id)
        let trainer = try Trainer(
            model, weights: try initialWeights(of: model, seed: 1), spec: spec, optimizer: .adam, seed: 5,
            options: RuntimeOptions(threads: threads, convolutions: convolutions))
        var chance = Chance(9)
        for _ in 0..<3 {
            let x = try chance.grid([7, 12, 12, 3]).tensor(.float32)
            let y = try Tensor((0..<7).map { _ in Int32(chance.bits() % 5) })
            try trainer.step(inputs: [x], targets: [y])
        }
        let weights = try trainer.snapshot()
        return try names.map { try #require(weights[$0]).scalars(as: Float.self) }
    }

    @Test func everyNumberOfThreadsGivesTheSameBits() throws {
        try Parts.$worth.withValue(1e-9) {
            let alone = try trained(threads: 1)
            for threads in [2, 4] { #expect(try trained(threads: threads) == alone) }
        }
    }

    /// A batch that is cut draws what the whole one does, and its gradients and figures are the whole one's but for rounding.
    @Test func aBatchInPiecesIsTheWholeBatch() throws {
        let layers: [any Layer] = [
            Conv2D(8, (3, 3), activation: .relu, name: "conv").inputShape(12, 12, 3), MaxPooling2D((2, 2)), SpatialDropout2D(0.2),
            Flatten(),
            Dropout(0.4), Dense(5, activation: .softmax),
        ]
        func trained(cache: Int, extra: [any Layer] = []) throws -> (pieces: Int, figures: [Double], weights: [Float]) {
            let model = try BuiltModel(ModelLayer(Architecture(sequential: "m", layers: layers + extra)))
            let spec = try EvaluationSpec(outputNames: ["y"], losses: [.sparseCategoricalCrossentropy], metrics: [[.accuracy]])
            return try BatchPieces.$cache.withValue(cache) {
                let trainer = try Trainer(
                    model, weights: try initialWeights(of: model, seed: 1), spec: spec, optimizer: .sgd(learningRate: 1), seed: 5)
                var chance = Chance(9)
                let x = try chance.grid([30, 12, 12, 3]).tensor(.float32)
                let y = try Tensor((0..<30).map { _ in Int32(chance.bits() % 5) })
                let size = try trainer.pieceSize(inputs: [x], targets: [y])
                try trainer.step(inputs: [x], targets: [y])
                let kernel = try #require(model.tree(of: model.root).all.first)
                return (size, trainer.figures.map(\.value), try #require(try trainer.snapshot()[kernel.id]).scalars(as: Float.self))
            }
        }
        let (whole, cut) = (try trained(cache: 12 << 20), try trained(cache: 100_000))
        #expect(whole.pieces == 30 && cut.pieces == 8)
        for (a, b) in zip(whole.figures, cut.figures) { #expect(abs(a - b) < 1e-6) }
        for (a, b) in zip(whole.weights, cut.weights) { #expect(abs(a - b) < 1e-6) }
        // What looks at other samples too keeps the batch whole.
        #expect(try trained(cache: 100_000, extra: [BatchNormalization()]).pieces == 30)
    }

    /// What is drawn has the distribution it is said to have, and hangs on seed, step and stream.
    @Test(arguments: [Random.Kind.uniform, .normal, .dropout(rate: 0.3)]) func numbersAreDrawnAsTheyShould(_ kind: Random.Kind) throws {
        func drawn(_ seed: [Int32], stream: Int = 1, own: Int? = nil) throws -> [Double] {
            var graph = OpGraph()
            let input = graph.input(shape: [4], dtype: .int32)
            graph.outputs = [try graph.emit(.random(Random(kind, stream: stream, seed: own), [100, 201]), [input], layer: "").id]
            let executable = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "none") }, options: RuntimeOptions())
            return try executable.run([try Tensor(seed)])[0].scalars(as: Double.self)
        }
        let numbers = try drawn([1, 0, 0, 0])
        let mean = numbers.reduce(0, +) / Double(numbers.count)
        let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(numbers.count)
        switch kind {
        case .uniform:
            #expect(abs(mean - 0.5) < 0.01 && abs(variance - 1.0 / 12) < 0.003)
            #expect(numbers.allSatisfy { $0 >= 0 && $0 < 1 })
        case .normal: #expect(abs(mean) < 0.03 && abs(variance - 1) < 0.04)
        case .dropout(let rate):
            #expect(Set(numbers.map { Float($0) }) == [0, Float(1 / (1 - rate))])
            #expect(abs(Double(numbers.count { $0 == 0 }) / Double(numbers.count) - rate) < 0.015)
        }
        #expect(try drawn([1, 0, 0, 0]) == numbers)
        for other in [[2, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 4]] as [[Int32]] { #expect(try drawn(other) != numbers) }
        #expect(try drawn([1, 0, 0, 0], stream: 2) != numbers)
        #expect(try drawn([1, 0, 0, 0], own: 4) == drawn([2, 0, 0, 0], own: 4))
    }
}
