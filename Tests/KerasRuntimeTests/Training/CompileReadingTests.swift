import JSON
import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// What a file says was compiled, in the forms Python takes.
@Suite struct CompileReadingTests {
    private func read(
        _ dialect: Dialect, version: String? = nil, backend: String? = nil, loss: JSON, weights: JSON = nil, metrics: JSON = nil,
        outputs: [String] = ["a", "b"]
    ) throws -> EvaluationSpec {
        try EvaluationSpec(
            TrainingConfiguration(dialect: dialect, loss: loss, lossWeights: weights, metrics: metrics),
            origin: Origin(dialect: dialect, kerasVersion: version.map(KerasVersion.init), backend: backend), outputNames: outputs)
    }

    @Test func lossesByPositionByNameOrForAll() throws {
        for loss in ["mse", ["mse", "mean_squared_error"], ["b": "MSE", "a": "MeanSquaredError"]] as [JSON] {
            let spec = try read(.keras3, loss: loss)
            #expect(spec.outputs.allSatisfy { $0.loss?.function is MeanSquaredError })
        }
        let one = try read(.tfKeras, loss: ["b": "kld", "a": nil], weights: ["b": 0.5])
        #expect(one.outputs[0].loss == nil && one.outputs[1].loss?.function is KLDivergence)
        #expect(one.outputs.map(\.weight) == [1, 0.5])
        #expect(throws: KerasError.self) { try read(.keras3, loss: ["c": "mse"]) }
        #expect(throws: KerasError.self) { try read(.keras3, loss: ["mse"]) }
    }

    @Test func aFunctionInEveryForm() throws {
        let forms: [JSON] = [
            "log_cosh", "logcosh", "LogCosh", ["class_name": "function", "config": "log_cosh"],
            ["class_name": "LossFunctionWrapper", "config": ["fn": "log_cosh", "reduction": "auto"]],
            ["class_name": "LogCosh", "config": ["name": "mine", "reduction": "sum_over_batch_size"]],
        ]
        for form in forms { #expect(try read(.keras3, loss: form).outputs[0].loss?.function is LogCosh) }
        let settings = try read(.keras3, loss: ["class_name": "Huber", "config": ["delta": 2, "reduction": "sum"]])
        #expect((settings.outputs[0].loss?.function as? Huber)?.delta == 2)
        #expect(settings.outputs[0].loss?.reduction == .sum)
    }

    /// What tf.keras 2.21 writes of `metrics=["accuracy"]` before it has seen a batch.
    @Test(arguments: [
        ("accuracy", "sparse_categorical_crossentropy", true), ("accuracy", "categorical_crossentropy", false),
        ("categorical_accuracy", "sparse_categorical_crossentropy", false),
    ])
    func anAccuracySavedTooEarly(_ name: String, _ loss: String, isMended: Bool) throws {
        let metric: JSON = ["class_name": "MeanMetricWrapper", "config": ["name": .string(name), "fn": "categorical_accuracy"]]
        let spec = try read(.tfKeras, loss: .string(loss), metrics: [[metric]], outputs: ["a"])
        let found = try #require(spec.outputs[0].metrics.first)
        #expect(found.name == name)
        if case .accuracy = found.metric.form { #expect(isMended) } else { #expect(!isMended) }
    }

    @Test func whatIsNotKnownIsNamedAllAtOnce() throws {
        let error = #expect(throws: KerasError.self) { try read(.keras3, loss: "my_loss", metrics: ["my_metric"], outputs: ["a"]) }
        #expect(error?.problems.map(\.kind) == [.unsupported, .unsupported])
        #expect(error?.problems.map(\.found) == ["'my_loss'", "'my_metric'"])
    }

    @Test func namesAsEachKerasShowsThem() throws {
        func names(_ dialect: Dialect, _ version: String?, _ metrics: JSON, _ outputs: [String]) throws -> [String] {
            try read(dialect, version: version, loss: "mse", metrics: metrics, outputs: outputs).outputs.flatMap(\.metrics).map(\.name)
        }
        #expect(try names(.keras2, "2.2.4", ["accuracy", "mse"], ["a"]) == ["acc", "mean_squared_error"])
        #expect(try names(.keras2, "2.3.1", ["accuracy", "mse"], ["a"]) == ["accuracy", "mse"])
        #expect(try names(.keras2, "2.3.1", ["accuracy", "mse"], ["a", "b"]) == ["a_accuracy", "a_mse", "b_accuracy", "b_mse"])
        #expect(try names(.keras3, nil, [["accuracy", "accuracy"], "acc"], ["a", "b"]) == ["a_accuracy", "a_accuracy_1", "b_acc"])
        let stored: JSON = [[["class_name": "MeanMetricWrapper", "config": ["name": "a_acc", "fn": "binary_accuracy"]]], [nil]]
        #expect(try names(.tfKeras, "2.21.0", stored, ["a", "b"]) == ["a_acc"])
    }

    @Test func generationsDiffer() throws {
        #expect(try read(.keras2, loss: "mse").outputs[0].loss?.readsLogits == false)
        #expect(try read(.keras3, backend: "tensorflow", loss: "mse").outputs[0].loss?.readsLogits == true)
        #expect(try read(.keras3, backend: "jax", loss: "mse").outputs[0].loss?.readsLogits == false)
        #expect(try read(.tfKeras, loss: "mse").penalizesFrozen)
        #expect(try !read(.keras3, loss: "mse").penalizesFrozen)
    }

    @Test func lossesAreWrittenAsTheyAreRead() throws {
        let losses: [(Loss, Dialect, JSON)] = [
            (.meanSquaredError, .keras3, "mean_squared_error"), (.klDivergence, .keras2, "kullback_leibler_divergence"),
            (
                .huber(delta: 2), .tfKeras,
                ["class_name": "Huber", "config": ["name": "huber", "reduction": "sum_over_batch_size", "delta": 2.0]]
            ),
        ]
        for (loss, dialect, json) in losses {
            #expect(try loss.config(in: EncodingContext(dialect: dialect)) == json)
            let again = try read(dialect, loss: json).outputs[0].loss
            #expect(again?.functionName == loss.functionName)
        }
        #expect(throws: KerasError.self) { try Loss.huber(delta: 2).config(in: EncodingContext(dialect: .keras2)) }
    }
}
