import KerasRuntime
import Testing

@testable import Keras

/// What recurrent layers do beyond one call; the numbers themselves are compared with real Keras in `Tests/Interop`.
@Suite struct RecurrentTests {
    private func numbers(_ shape: [Int], seed: Int = 1) throws -> Tensor {
        let count = shape.reduce(1, *)
        return try Tensor((0..<count).map { Float(($0 * 37 + seed * 101) % 83) / 40 - 1 }, shape: Shape(shape))
    }

    private static let kinds: [@Sendable (Bool) -> any RecurrentLayer] = [
        { SimpleRNN(5, returnSequences: true, stateful: $0) }, { LSTM(5, returnSequences: true, stateful: $0) },
        { GRU(5, returnSequences: true, stateful: $0) }, { GRU(5, returnSequences: true, stateful: $0, resetAfter: false) },
        { RNN([LSTMCell(3), GRUCell(4)], returnSequences: true, stateful: $0) },
    ]

    private func model(_ layer: any RecurrentLayer, steps: Int, batch: Int?, weights: [Tensor]? = nil) throws -> Model {
        let x = Input(steps, 3, batchSize: batch)
        let model = try Model(inputs: x, outputs: layer(x), seed: 5)
        if let weights { try model.setWeights(weights) }
        return model
    }

    @Test(arguments: kinds.indices) func aStatefulLayerGoesOnWhereItWas(_ kind: Int) throws {
        let whole = try model(RecurrentTests.kinds[kind](false), steps: 6, batch: nil)
        let halves = try model(RecurrentTests.kinds[kind](true), steps: 3, batch: 2, weights: whole.getWeights())
        let x = try numbers([2, 6, 3])
        let expected = try whole.predict(x).scalars(as: Float.self)
        let width = expected.count / 12
        func half(_ index: Int) throws -> Tensor {
            let all = try x.scalars(as: Float.self)
            var rows: [Float] = []
            for row in 0..<2 {
                let first = (row * 6 + index * 3) * 3
                rows += all[first..<first + 9]
            }
            return try Tensor(rows, shape: [2, 3, 3])
        }
        for _ in 0..<2 {
            for index in 0..<2 {
                let found = try halves.predict(try half(index)).scalars(as: Float.self)
                for row in 0..<2 {
                    let (first, start) = (row * 3 * width, (row * 6 + index * 3) * width)
                    let own = found[first..<first + 3 * width]
                    let other = expected[start..<start + 3 * width]
                    for (a, b) in zip(own, other) { #expect(abs(a - b) < 1e-5) }
                }
            }
            halves.resetStates()
        }
    }

    @Test func statesGoFromBatchToBatchOfAnEvaluation() throws {
        let model = try model(LSTM(4, stateful: true), steps: 3, batch: 2)
        let (x, y) = (try numbers([6, 3, 3]), try numbers([6, 4], seed: 2))
        let found = try model.predict(x).scalars(as: Float.self)
        let squares = zip(found, try y.scalars(as: Float.self)).map { ($0 - $1) * ($0 - $1) }
        let expected = Double(squares.reduce(0, +)) / Double(squares.count)
        model.resetStates()
        let first = try model.evaluate(x, y, loss: .meanSquaredError).loss
        #expect(abs(first - expected) < 1e-6)
        #expect(try model.evaluate(x, y, loss: .meanSquaredError).loss != first)
        #expect(throws: KerasError.self) { try model.evaluate(x[0..<5], y[0..<5], loss: .meanSquaredError) }
    }

    /// No cell of Keras's own looks at constants: a stack hands them to none, a cell alone is refused as in tf_keras.
    @Test func constantsOfAStackAreLeftOut() throws {
        var layer = RNN([LSTMCell(3), GRUCell(4)])
        let plain = try model(layer, steps: 3, batch: nil)
        layer = RNN([LSTMCell(3), GRUCell(4)])
        layer.constantCount = 1
        let (x, c) = (Input(3, 3), Input(2))
        let given = try Model(inputs: [x, c], outputs: [layer.outputs(x, initialState: [c])[0]], seed: 5)
        try given.setWeights(plain.getWeights())
        let data = try numbers([2, 3, 3])
        #expect(try given.predict([data, try numbers([2, 2])])[0].scalars(as: Float.self) == plain.predict(data).scalars(as: Float.self))
        var alone = RNN(LSTMCell(3))
        alone.constantCount = 1
        let refused = try Model(inputs: [x, c], outputs: [alone.outputs(x, initialState: [c])[0]])
        #expect(throws: KerasError.self) { try refused.predict([data, try numbers([2, 2])]) }
    }

    @Test func aBatchThatIsNotWholeIsRefused() throws {
        let model = try model(LSTM(4, stateful: true), steps: 3, batch: 2)
        #expect(throws: KerasError.self) { try model.predict(try numbers([3, 3, 3])) }
        #expect(try model.predict(try numbers([4, 3, 3])).shape == [4, 4])
    }

    /// However many go through together.
    @Test(arguments: kinds.indices) func samplesHaveNothingToDoWithEachOther(_ kind: Int) throws {
        let model = try model(RecurrentTests.kinds[kind](false), steps: 7, batch: nil)
        let x = try numbers([37, 7, 3])
        let together = try model.predict(x)
        for row in [0, 17, 36] {
            let alone = try model.predict(try x[row..<row + 1].contiguous()).scalars(as: Float.self)
            for (a, b) in zip(alone, try together[row..<row + 1].contiguous().scalars(as: Float.self)) { #expect(abs(a - b) < 1e-5) }
        }
    }

    @Test func theTwoWaysOfABidirectionalLayerAreTwoLayers() throws {
        let x = Input(5, 3)
        let both = try Model(inputs: x, outputs: Bidirectional(GRU(4, returnSequences: true), mergeMode: .concat)(x), seed: 3)
        let weights = try both.getWeights()
        #expect(weights.count == 6)
        let there = try Model(inputs: x, outputs: GRU(4, returnSequences: true)(x))
        let back = try Model(inputs: x, outputs: GRU(4, returnSequences: true, goBackwards: true)(x))
        try there.setWeights(Array(weights.prefix(3)))
        try back.setWeights(Array(weights.suffix(3)))
        let data = try numbers([2, 5, 3])
        let a = try there.predict(data).scalars(as: Float.self)
        let b = try back.predict(data).scalars(as: Float.self)
        let c = try both.predict(data).scalars(as: Float.self)
        for row in 0..<2 {
            for step in 0..<5 {
                for unit in 0..<4 {
                    let (place, turned) = (row * 5 + step, row * 5 + 4 - step)
                    let (first, second) = (c[place * 8 + unit], c[place * 8 + 4 + unit])
                    #expect(abs(first - a[place * 4 + unit]) < 1e-6)
                    #expect(abs(second - b[turned * 4 + unit]) < 1e-6)
                }
            }
        }
    }

    @Test func aRecurrentModelLearns() throws {
        let x = Input(8, 1)
        let model = try Model(inputs: x, outputs: Dense(1)(LSTM(8)(x)), seed: 2)
        try model.compile(optimizer: .adam(learningRate: 0.02), loss: .meanSquaredError)
        let data = try numbers([64, 8, 1])
        let sums = try data.scalars(as: Float.self)
        var means: [Float] = []
        for row in 0..<64 { means.append(sums[row * 8..<row * 8 + 8].reduce(0, +) / 4) }
        let y = try Tensor(means, shape: [64, 1])
        let history = try model.fit(data, y, batchSize: 16, epochs: 30, verbose: 0)
        let losses = history["loss"]
        #expect(losses[losses.count - 1] < 0.2 * losses[0])
    }

    /// Keras 3 takes states by keyword, Kerases before it as further inputs.
    @Test func statesGoFromLayerToLayerInEveryDialect() throws {
        let (x, y) = (Input(5, 3), Input(4, 2))
        let encoded = LSTM(6, returnState: true).outputs(x)
        let decoded = LSTM(6, returnSequences: true)(y, initialState: [encoded[1], encoded[2]])
        let model = try Model(inputs: [x, y], outputs: [encoded[0], decoded], seed: 7)
        let data = [try numbers([2, 5, 3]), try numbers([2, 4, 2], seed: 2)]
        let expected = try model.predict(data).map { try $0.scalars(as: Float.self) }
        for dialect in Dialect.allCases {
            let again = try Model(json: try model.json(dialect))
            try again.setWeights(model.getWeights())
            #expect(try again.predict(data).map { try $0.scalars(as: Float.self) } == expected, "\(dialect)")
        }
        #expect(throws: KerasError.self) { try model.serialized(target: .universal) }
    }

    @Test func whatTakesSeveralInputsIsNotDoneToSteps() {
        for layer in [Dot(axes: 1)] as [any Layer] {
            #expect(throws: KerasError.self) { try TimeDistributed(layer).outputShapes([[nil, 3, 4]]) }
        }
    }
}
