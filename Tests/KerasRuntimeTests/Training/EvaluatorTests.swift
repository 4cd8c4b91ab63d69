import JSON
import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

@Suite struct EvaluatorTests {
    /// The model of `two_outputs` in `Fixtures/make/losses.py`.
    private func twoOutputs(_ weights: JSON?) throws -> (BuiltModel, [WeightID: Tensor]) {
        let input = InputLayer(batchShape: [nil, 3], name: "x")
        var hidden = Dense(4, activation: .tanh, kernelRegularizer: .l2(0.01), name: "hidden")
        hidden.biasRegularizer = .l1(0.02)
        var frozen = Dense(4, activation: .tanh, name: "frozen").trainable(false)
        frozen.kernelRegularizer = Regularizer(className: "L1L2", config: ["l1": 0.003, "l2": 0.004])
        let kind = Dense(3, activation: .softmax, name: "kind")
        let size = Dense(1, activation: .sigmoid, name: "size")
        let layers: [any Layer] = [input, hidden, frozen, kind, size]
        func call(_ layer: any Layer) -> [Call] { [Call([.leaf(TensorRef(layer: layer.id))])] }
        let architecture = Architecture(
            functional: "two", layers: layers,
            calls: [input.id: [Call([])], hidden.id: call(input), frozen.id: call(hidden), kind.id: call(frozen), size.id: call(hidden)],
            inputs: .leaf(TensorRef(layer: input.id)), outputs: .list([.leaf(TensorRef(layer: kind.id)), .leaf(TensorRef(layer: size.id))]))
        let model = try BuiltModel(ModelLayer(architecture))
        var values: [WeightID: Tensor] = [:]
        for layer in layers {
            for (id, _) in model.ownWeights(of: layer) { values[id] = try LossFixture.tensor(weights?[layer.name]?.array?[id.index]) }
        }
        return (model, values)
    }

    /// Losses of two outputs with weights and penalties, batches of 4 and a last one of 3, with and without sample weights.
    @Test(arguments: GoldenCase.all("evaluations")) func evaluatesAsKeras(_ golden: GoldenCase) throws {
        let json = golden.json
        let (model, weights) = try twoOutputs(json["weights"])
        let training = json["training"]
        let configuration = TrainingConfiguration(
            dialect: golden.dialect, loss: training?["loss"] ?? nil, lossWeights: training?["loss_weights"] ?? nil,
            metrics: training?["metrics"] ?? nil, weightedMetrics: training?["weighted_metrics"] ?? nil)
        #expect(model.architecture.outputNames == ["kind", "size"])
        let spec = try EvaluationSpec(configuration, origin: Origin(dialect: golden.dialect), outputNames: model.architecture.outputNames)
        let targets = try #require(json["y"]?.array).map { try LossFixture.tensor($0) }
        for (key, sampleWeights) in [("plain", nil), ("weighted", try LossFixture.tensor(json["sample_weights"]))] {
            for options in [RuntimeOptions(threads: 1), RuntimeOptions(threads: 3), RuntimeOptions(threads: 1, reference: true)] {
                let evaluator = try Evaluator(model, weights: weights, spec: spec, options: options)
                var told: [Int] = []
                let found = try evaluator.evaluate(
                    inputs: [try LossFixture.tensor(json["x"])], targets: targets, sampleWeights: sampleWeights, batchSize: 4,
                    progress: { done, _ in told.append(done) })
                let expected = try #require(json["figures"]?[key]?.object)
                #expect(Set(found.map(\.name)) == Set(expected.keys) && found.count == expected.count)
                #expect(found.first?.name == "loss" && told == [4, 8, 11])
                for (name, value) in found {
                    #expect(isNear(value, try #require(expected[name]?.number), 3e-6), "\(key) \(name): \(value)")
                }
            }
        }
    }

    @Test func thereAreGoldenValues() { #expect(GoldenCase.all("evaluations").count == 4) }

    /// Softmax of 0, 60, 0 with true class 0: measured 60.0 with tf.keras and Keras 3, 16.118 with Keras 2.
    @Test(arguments: [(Dialect.keras2, 16.1181), (.tfKeras, 60), (.keras3, 60)])
    func lossesLookBehindASoftmax(_ dialect: Dialect, _ expected: Double) throws {
        let dense = Dense(3, activation: .softmax, name: "out").inputShape(3)
        let model = try BuiltModel(ModelLayer(Architecture(sequential: "m", layers: [dense])))
        let weights = [
            WeightID(layer: dense.id, index: 0): try Tensor([Float(1), 0, 0, 0, 1, 0, 0, 0, 1], shape: [3, 3]),
            WeightID(layer: dense.id, index: 1): try Tensor(zeros: [3]),
        ]
        for (loss, target) in [
            ("categorical_crossentropy", try Tensor([Float(1), 0, 0], shape: [1, 3])), ("sparse_categorical_crossentropy", try Tensor([0])),
        ] {
            let configuration = TrainingConfiguration(dialect: dialect, loss: .string(loss), metrics: ["accuracy"])
            let spec = try EvaluationSpec(configuration, origin: Origin(dialect: dialect), outputNames: ["out"])
            let found = try Evaluator(model, weights: weights, spec: spec).evaluate(
                inputs: [try Tensor([Float(0), 60, 0], shape: [1, 3])], targets: [target])
            #expect(abs(found[0].value - expected) < 1e-3, "\(loss): \(found)")
            #expect(found[1].value == 0)
        }
    }

    @Test func whatDoesNotFitIsRefused() throws {
        let dense = Dense(1, name: "out").inputShape(3)
        let model = try BuiltModel(ModelLayer(Architecture(sequential: "m", layers: [dense])))
        let weights = try initialWeights(of: model, seed: 1)
        let spec = try EvaluationSpec(outputNames: ["out"], losses: [.meanSquaredError], metrics: [[.meanAbsoluteError]])
        let evaluator = try Evaluator(model, weights: weights, spec: spec)
        let x = try Tensor(zeros: [5, 3])
        #expect(
            try evaluator.evaluate(inputs: [x], targets: [try Tensor(zeros: [5], dtype: .int64)]).map(\.name) == [
                "loss", "mean_absolute_error",
            ])
        let wrong: [([Tensor], [Tensor])] = [
            ([x, x], [try Tensor(zeros: [5])]), ([x], []), ([x], [try Tensor(zeros: [4])]), ([x], [try Tensor(zeros: [5, 2])]),
            ([try Tensor(zeros: [5, 4])], [try Tensor(zeros: [5])]), ([try Tensor(zeros: [0, 3])], [try Tensor(zeros: [0])]),
        ]
        for (inputs, targets) in wrong {
            let error = #expect(throws: KerasError.self) { try evaluator.evaluate(inputs: inputs, targets: targets) }
            #expect(error?.problems.first?.kind == .mismatch)
        }
    }

    /// What a layer gives counts in each batch's loss, divided by the batch's samples.
    @Test func activitiesArePenalized() throws {
        var dense = Dense(1, name: "out").inputShape(1)
        dense.activityRegularizer = .l2(0.5)
        let model = try BuiltModel(ModelLayer(Architecture(sequential: "m", layers: [dense])))
        let ids = model.tree(of: model.root).all.map(\.id)
        let weights = [ids[0]: try Tensor([Float(2)], shape: [1, 1]), ids[1]: try Tensor([Float(0)])]
        let spec = try EvaluationSpec(outputNames: ["out"], losses: [.meanSquaredError], metrics: [[.meanAbsoluteError]])
        let x = try Tensor([1, 2, 3] as [Float], shape: [3, 1])
        let scores = try Evaluator(model, weights: weights, spec: spec).evaluate(inputs: [x], targets: [x], batchSize: 2)
        // Batches of errors 1, 2 and 3, outputs 2, 4 and 6: (2.5 + 0.5·20/2)·2/3 + (9 + 0.5·36/1)/3.
        #expect(abs(scores[0].value - 14) < 1e-5)
        #expect(abs(scores[1].value - 2) < 1e-6)
    }
}
