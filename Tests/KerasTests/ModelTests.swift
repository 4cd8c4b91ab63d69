import Keras
import KerasRuntime
import Testing

@Suite struct ModelTests {
    /// New layers each time: models that hold the same ones share their weights.
    static var cnn: [any Layer] {
        [Conv2D(4, (3, 3), activation: .relu).inputShape(8, 8, 1), MaxPooling2D((2, 2)), Flatten(), Dense(3, activation: .softmax)]
    }

    @Test func sequentialPredicts() throws {
        let model = Sequential {
            Conv2D(4, (3, 3), activation: .relu).inputShape(8, 8, 1)
            MaxPooling2D((2, 2))
            Flatten()
            Dense(3, activation: .softmax)
        }
        let x = try random([5, 8, 8, 1])
        let y = try model.predict(x)
        #expect(y.shape == [5, 3])
        for row in 0..<5 { #expect(abs(try y[row..<row + 1].scalars(as: Double.self).reduce(0, +) - 1) < 1e-6) }
        #expect(model.layers.map(\.name) == ["conv2d", "max_pooling2d", "flatten", "dense"])
        #expect(try model.countParams() == 4 * 9 + 4 + 36 * 3 + 3)
    }

    @Test func addingLayersKeepsTheWeightsBeforeThem() throws {
        let model = Sequential()
        model.add(Dense(4).inputShape(3))
        let before = try model.getWeights()[0].scalars(as: Float.self)
        model.add(Dense(2))
        #expect(try model.getWeights()[0].scalars(as: Float.self) == before)
        #expect(try model.getWeights().map(\.shape) == [[3, 4], [4], [4, 2], [2]])
    }

    @Test func aModelWithoutInputShapeIsBuiltByItsFirstData() throws {
        let model = Sequential { Dense(2) }
        #expect(throws: KerasError.self) { try model.getWeights() }
        #expect(try model.predict(random([4, 7])).shape == [4, 2])
        #expect(try model.getWeights()[0].shape == [7, 2])
    }

    /// Built when it is made, by its first data, and out of JSON without an input shape.
    @Test func theSameSeedGivesTheSameWeights() throws {
        let first = { (seed: UInt64) in
            let declared = Sequential(seed: seed) { Dense(2).inputShape(7) }
            let waiting = Sequential([Dense(2)], seed: seed)
            let read = try Model(json: try Sequential { Dense(2) }.json(), seed: seed)
            return try [declared, waiting, read].map { model in
                _ = try model.predict(random([4, 7]))
                return try model.getWeights()[0].scalars(as: Float.self)
            }
        }
        let (a, b) = (try first(1), try first(2))
        #expect(try a == first(1))
        #expect(a[0] == a[1] && a[1] == a[2])
        #expect(zip(a, b).allSatisfy { $0 != $1 })
    }

    @Test func aLayerCalledTwiceHasOneSetOfWeights() throws {
        let (a, b) = (Input(4, name: "a"), Input(4, name: "b"))
        let shared = Dense(3, activation: .tanh)
        let model = try Model(inputs: [a, b], outputs: [Subtract()([shared(a), shared(b)])])
        #expect(try model.getWeights().count == 2)
        let x = try random([2, 4])
        #expect(try model.predict([x, x])[0].scalars(as: Float.self).allSatisfy { $0 == 0 })
    }

    @Test func subModelsShareWeights() throws {
        let model = Sequential(ModelTests.cnn)
        let features = try Model(inputs: model.inputs, outputs: [model.output(of: "flatten")])
        let x = try random([2, 8, 8, 1])
        let head = try Model(inputs: [model.output(of: "flatten")], outputs: model.outputs)
        #expect(try bits(head.predict(features.predict(x))) == bits(model.predict(x)))

        let zeros = try model.getWeights(layer: "conv2d").map { try Tensor(zeros: $0.shape) }
        try model.setWeights(zeros, layer: "conv2d")
        #expect(try features.predict(x).scalars(as: Float.self).allSatisfy { $0 == 0 })
    }

    @Test func aModelIsALayer() throws {
        let encoder = Sequential { Dense(3).inputShape(5) }
        let input = Input(5)
        let twice = try Model(inputs: input, outputs: Add()([encoder(input), encoder(input)]))
        let x = try random([3, 5])
        let once = try encoder.predict(x).scalars(as: Float.self)
        #expect(try twice.predict(x).scalars(as: Float.self) == once.map { $0 + $0 })
    }

    @Test func settingWeightsChecksAllBeforeItChangesAny() throws {
        let model = Sequential { Dense(2).inputShape(3) }
        let before = try bits(model.getWeights()[0])
        #expect {
            try model.setWeights([Tensor(zeros: [3, 2]), Tensor(zeros: [5])])
        } throws: { error in
            "\(error)".contains("(5,)") && "\(error)".contains("(2,)")
        }
        #expect(try bits(model.getWeights()[0]) == before)
    }

    @Test(arguments: [Dialect.keras3, .tfKeras, .keras2])
    func architectureSurvivesItsJSON(dialect: Dialect) throws {
        let input = Input(6, 6, 2, name: "image")
        let trunk = try Model(inputs: input, outputs: Flatten()(Conv2D(3, (3, 3), padding: .same)(input)), name: "trunk")
        let outer = Input(6, 6, 2, name: "outer")
        let merged = Concatenate()([trunk(outer), trunk(outer)])
        let model = try Model(inputs: outer, outputs: Dense(2, activation: .hardSigmoidFifth)(merged), name: "whole")
        if dialect == .keras3 {
            // Keras 3 has no word for the slope 1/5.
            #expect(throws: KerasError.self) { try model.json(.keras3) }
            return
        }
        let again = try Model(json: model.json(dialect))
        try again.setWeights(model.getWeights())
        let x = try random([2, 6, 6, 2])
        #expect(try bits(again.predict(x)) == bits(model.predict(x)))
        #expect(try again.json(dialect) == model.json(dialect))
    }

    @Test func jsonOfKeras3() throws {
        let model = Sequential(ModelTests.cnn)
        let again = try Model(json: model.json())
        try again.setWeights(model.getWeights())
        let x = try random([2, 8, 8, 1])
        #expect(try bits(again.predict(x)) == bits(model.predict(x)))
    }

    @Test func wrongDataIsRefusedWithBothShapes() throws {
        let model = Sequential(ModelTests.cnn)
        #expect {
            try model.predict(random([2, 8, 9, 1]))
        } throws: { error in
            "\(error)".contains("(2, 8, 9, 1)") && "\(error)".contains("(None, 8, 8, 1)")
        }
    }

    @Test func aMissingLastAxisOfOneIsPutOn() throws {
        let model = Sequential(ModelTests.cnn)
        let x = try random([2, 8, 8, 1])
        #expect(try bits(model.predict(x.reshaped(to: [2, 8, 8]))) == bits(model.predict(x)))
    }

    @Test func wholeNumbersAreCast() throws {
        let model = Sequential { Dense(2).inputShape(3) }
        let bytes = try Tensor([UInt8(1), 2, 250], shape: [1, 3])
        #expect(try bits(model.predict(bytes)) == bits(model.predict(bytes.converted(to: .float64))))
    }

    @Test func predictingFromManyThreadsGivesTheSameBits() async throws {
        let model = Sequential(ModelTests.cnn)
        let x = try random([40, 8, 8, 1])
        let expected = try bits(model.predict(x))
        let results = await withTaskGroup(of: [UInt32]?.self) { group in
            for _ in 0..<8 { group.addTask { try? bits(model.predict(x)) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.allSatisfy { $0 == expected })
    }

    @Test func howAModelRunsIsItsOwn() throws {
        let model = Sequential(ModelTests.cnn)
        let x = try random([40, 8, 8, 1])
        let expected = try model.predict(x)
        model.runtime.threads = 0
        #expect(model.runtime.threads == 1)
        #expect(try bits(model.predict(x)) == bits(expected))
        model.runtime.threads = 3
        #expect(try bits(model.predict(x)) == bits(expected))
        model.runtime.convolutions = .direct
        #expect(zip(try model.predict(x).scalars(as: Float.self), try expected.scalars(as: Float.self)).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(Sequential(ModelTests.cnn).runtime == RuntimeOptions())
        // An instruction set no processor has: the predictor must be another one now.
        model.runtime.isa = "abacus"
        #expect(throws: KerasError.self) { try model.predict(x) }
        #expect(throws: KerasError.self) { try model.evaluate(x, expected, loss: .meanSquaredError) }
        model.runtime.isa = nil
        #expect(try model.predict(x).shape == [40, 3])
    }

    /// Keras 3 on TensorFlow takes the bias of channels-first maps for that of the last axis where that is as long. tf.keras does not.
    @Test(arguments: [Dialect.keras3, .tfKeras]) func biasOfChannelsFirstMaps(dialect: Dialect) throws {
        let made = Sequential { Conv2D(3, (1, 1), dataFormat: .channelsFirst).inputShape(2, 3, 3) }
        let model = try Model(json: made.json(dialect))
        try model.setWeights([Tensor(zeros: [1, 1, 2, 3]), Tensor([Float(1), 2, 3])])
        let y = try model.predict(Tensor(zeros: [1, 2, 3, 3])).scalars(as: Float.self)
        let expected = (0..<27).map { (index: Int) -> Float in
            let channel = dialect == .keras3 ? index % 3 : index / 9
            return Float(channel + 1)
        }
        #expect(y == expected)
    }

    @Test func evaluateAsKeras() throws {
        let model = Sequential { Dense(1).inputShape(2) }
        try model.setWeights([Tensor([Float(1), 2], shape: [2, 1]), Tensor([Float(0.5)])])
        let x = try Tensor([Float(1), 1, 0, 2], shape: [2, 2])
        let y = try Tensor([Float(3), 4], shape: [2, 1])
        // Predictions 3.5 and 4.5: errors of 0.5 each.
        let scores = try model.evaluate(x, y, loss: .meanSquaredError, metrics: [.meanAbsoluteError])
        #expect(abs(scores.loss - 0.25) < 1e-7)
        #expect(scores.values.count == 2 && abs(scores.values[1].value - 0.5) < 1e-7)
    }
}

func random(_ shape: Shape) throws -> Tensor {
    var generator = SystemRandomNumberGenerator()
    return try Tensor((0..<shape.count).map { _ in Float.random(in: -1...1, using: &generator) }, shape: shape)
}

func bits(_ tensor: Tensor) throws -> [UInt32] { try tensor.scalars(as: Float.self).map(\.bitPattern) }
