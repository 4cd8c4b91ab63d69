import JSON
import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

@Suite struct LossTests {
    private func spec(_ dialect: Dialect, loss: JSON = nil, metrics: JSON = nil) throws -> EvaluationSpec {
        try EvaluationSpec(
            TrainingConfiguration(dialect: dialect, loss: loss, metrics: metrics), origin: Origin(dialect: dialect), outputNames: ["out"])
    }

    @Test(arguments: GoldenCase.all("losses")) func everyLossAgainstKeras(_ golden: GoldenCase) throws {
        let spec = try spec(golden.dialect, loss: try #require(golden.json["loss"]))
        let batch = try LossFixture.batch(try #require(golden.json["batch"]?.string))
        let value = try spec.loss(of: batch)
        #expect(isNear(value, try #require(golden.json["value"]?.number)), "\(value)")
        if let expected = golden.json["weighted"]?.number {
            let weighted = try spec.loss(of: batch, weights: try LossFixture.sampleWeights())
            #expect(isNear(weighted, expected), "\(weighted)")
        }
    }

    @Test(arguments: GoldenCase.all("metrics")) func everyMetricAgainstKeras(_ golden: GoldenCase) throws {
        let spec = try spec(golden.dialect, metrics: [try #require(golden.json["metric"])])
        let metric = try #require(spec.outputs[0].metrics.first)
        let value = try spec.metric(of: try LossFixture.batch(try #require(golden.json["batch"]?.string)))
        #expect(metric.name == golden.json["name"]?.string)
        #expect(isNear(value, try #require(golden.json["value"]?.number)), "\(value)")
    }

    @Test func thereAreGoldenValues() { #expect(GoldenCase.all("losses").count > 60 && GoldenCase.all("metrics").count > 30) }

    /// Measured with Keras 2.2.4, tf_keras 2.21 and Keras 3.15: the most a wholly wrong probability can cost.
    @Test(arguments: [(Dialect.keras2, 15.9424), (.tfKeras, 15.3332), (.keras3, 15.9424)])
    func aWrongProbabilityHasACeiling(_ dialect: Dialect, _ expected: Double) throws {
        let output = OutputBatch(
            output: try Tensor([Float(1)], shape: [1, 1]), logits: nil, target: try Tensor([Float(0)], shape: [1, 1]))
        let spec = try spec(dialect, loss: "binary_crossentropy")
        let value = try spec.loss(of: output)
        #expect(abs(value - expected) < 1e-4)
    }

    /// Keras 2 divides by the share of samples that count.
    @Test func weightsOfKeras2() throws {
        let output = OutputBatch(
            output: try Tensor([Float(1), 2, 3], shape: [3, 1]), logits: nil, target: try Tensor([Float(0), 0, 0], shape: [3, 1]))
        for (dialect, expected) in [(Dialect.keras2, 4.5), (.tfKeras, 3), (.keras3, 3)] {
            let spec = try spec(dialect, loss: "mse")
            let value = try spec.loss(of: output, weights: try Tensor([Float(1), 2, 0]))
            #expect(abs(value - expected) < 1e-6)
        }
    }

    @Test func hingeTakesZeroAndOneBefore3AsTheyAre() throws {
        let output = OutputBatch(
            output: try Tensor([Float(0.5), -0.5], shape: [2, 1]), logits: nil, target: try Tensor([Float(1), 0], shape: [2, 1]))
        for (dialect, expected) in [(Dialect.keras2, 0.75), (.tfKeras, 0.5), (.keras3, 0.5)] {
            let spec = try spec(dialect, loss: "hinge")
            #expect(abs(try spec.loss(of: output) - expected) < 1e-6)
        }
    }

    @Test func accuracyOfKeras2HangsOnTheLoss() throws {
        // Two labels a sample: categorical to later Keras, binary to Keras 2; and 0.5 is 0 to both.
        let output = OutputBatch(
            output: try Tensor([Float(0.9), 0.8, 0.5, 0.1], shape: [2, 2]), logits: nil,
            target: try Tensor([Float(1), 1, 0, 0], shape: [2, 2]))
        for (dialect, expected) in [(Dialect.keras2, 1.0), (.tfKeras, 1), (.keras3, 1)] {
            let spec = try spec(dialect, loss: "binary_crossentropy", metrics: ["accuracy"])
            #expect(try spec.metric(of: output) == expected)
            let form = spec.outputs[0].metrics[0].metric.resolved(target: [2, 2], output: [2, 2], loss: spec.outputs[0].loss)
            guard case .function(let function) = form else { throw KerasError(.mismatch, "not a function") }
            #expect((function is BinaryAccuracy) == (dialect == .keras2))
        }
    }

    @Test func whatDoesNotFitIsRefused() throws {
        let spec = try spec(.keras3, loss: "mse")
        let output = try Tensor(zeros: [4, 3])
        for (shape, weights) in [([4], nil), ([4, 1], nil), ([4, 2], nil), ([4, 3], [3])] as [(Shape, Shape?)] {
            let batch = OutputBatch(output: output, logits: nil, target: try Tensor(zeros: shape))
            #expect(throws: KerasError.self) { try spec.loss(of: batch, weights: try weights.map { try Tensor(zeros: $0) }) }
        }
        let classes = OutputBatch(output: output, logits: nil, target: try Tensor([0, 1, 2, 3]))
        let sparse = try self.spec(.keras3, loss: "sparse_categorical_crossentropy")
        let error = #expect(throws: KerasError.self) { try sparse.loss(of: classes) }
        #expect(error?.problems.first?.kind == .mismatch)
    }
}
