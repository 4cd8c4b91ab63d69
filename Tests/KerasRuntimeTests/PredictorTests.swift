import KerasModel
private import Synchronization
import Tensors
import Testing

@testable import KerasRuntime

/// A small network whose weights are named, lowered for any batch.
private struct Network: Sendable {
    let layer = LayerID()
    let weights: [WeightID: Tensor]
    static let shapes: [[Int]] = [[3, 3, 2, 8], [8], [8], [128, 5], [5]]

    init() throws {
        var chance = Chance(3)
        var weights: [WeightID: Tensor] = [:]
        for (index, shape) in Network.shapes.enumerated() {
            weights[WeightID(layer: layer, index: index)] = try chance.grid(shape).tensor(.float32)
        }
        self.weights = weights
    }

    func lower(_ shapes: [Shape]) throws -> OpGraph {
        var graph = OpGraph()
        func weight(_ index: Int) -> Value {
            graph.weight(WeightID(layer: layer, index: index), shape: Shape(Network.shapes[index]), dtype: .float32)
        }
        let (w0, w1, w2, w3, w4) = (weight(0), weight(1), weight(2), weight(3), weight(4))
        let edges = Edges(1, 1)
        let image = graph.input(shape: shapes[0], dtype: .float32)
        var x = try graph.emit(
            .convolution(Convolution(strides: [2, 2], dilation: [1, 1], padding: [edges, edges])), [image, w0, w1], layer: "c")
        x = try graph.emit(.binary(.multiply), [x, w2], layer: "n")
        x = try graph.emit(.unary(.relu()), [x], layer: "a")
        let features = try graph.emit(.reshape([shapes[0][0], 128]), [x], layer: "f")
        x = try graph.emit(.matrixMultiply, [features, w3, w4], layer: "d")
        x = try graph.emit(.softmax(axis: 1), [x], layer: "d")
        let middle = try graph.emit(.reduce(.mean, axes: [1], keepDims: false), [features], layer: "m")
        graph.outputs = [x.id, middle.id, image.id]
        return graph
    }

    func images(_ count: Int) throws -> Tensor {
        var chance = Chance(11)
        return try chance.grid([count, 8, 8, 2]).tensor(.float32)
    }
}

@Suite struct PredictorTests {
    private func options(_ threads: Int) -> RuntimeOptions { RuntimeOptions(threads: threads, isa: nil, reference: false) }

    /// Every cut and every number of threads gives the bits of one sample at a time.
    @Test(arguments: [1, 2, 5, 16, 17, 48, 101]) func samplesAreWhatTheyAreAlone(samples: Int) throws {
        let network = try Network()
        let images = try network.images(samples)
        let alone = try Executable(graph: network.lower([[1, 8, 8, 2]]), weights: { network.weights[$0]! }, options: options(1))
        let expected = try (0..<samples).map { try alone.run([images[$0..<$0 + 1]]).map { try $0.scalars(as: Float.self) } }
        for threads in [1, 2, 4] {
            let predictor = Predictor(weights: network.weights, options: options(threads), lower: network.lower)
            for batchSize in [nil, 3, 32] {
                for _ in 0..<2 {
                    let results = try predictor.predict([images], batchSize: batchSize)
                    #expect(results.map(\.shape) == [[samples, 5], [samples], [samples, 8, 8, 2]])
                    for output in 0..<3 {
                        #expect(
                            try results[output].scalars(as: Float.self) == expected.flatMap { $0[output] },
                            "\(threads) threads, \(batchSize ?? 0)")
                    }
                }
            }
        }
    }

    @Test func noSamplesGiveNoResults() throws {
        let network = try Network()
        let predictor = Predictor(weights: network.weights, options: options(2), lower: network.lower)
        #expect(try predictor.predict([network.images(0)], batchSize: nil).map(\.shape) == [[0, 5], [0], [0, 8, 8, 2]])
    }

    /// A model that looks across its batch is not cut.
    @Test func batchesThatBelongTogetherStayTogether() throws {
        let predictor = Predictor(weights: [:], options: options(2)) { shapes in
            var graph = OpGraph()
            let x = graph.input(shape: shapes[0], dtype: .float32)
            let mean = try graph.emit(.reduce(.mean, axes: [0], keepDims: true), [x], layer: "")
            graph.outputs = [try graph.emit(.binary(.subtract), [x, mean], layer: "").id]
            return graph
        }
        let result = try predictor.predict([try Tensor((0..<100).map { Float($0) }, shape: [100, 1])], batchSize: 32)
        #expect(try result[0].scalars(as: Float.self) == (0..<100).map { Float($0) - 49.5 })
    }

    /// Rows that become several, as in a layer applied to each time step.
    @Test func samplesOfSeveralRowsAreCutBetweenSamples() throws {
        let lower: @Sendable ([Shape]) throws -> OpGraph = { shapes in
            var graph = OpGraph()
            let x = graph.input(shape: shapes[0], dtype: .float32)
            let rows = try graph.emit(.reshape([shapes[0][0] * 3, 2]), [x], layer: "")
            graph.outputs = [try graph.emit(.softmax(axis: 1), [rows], layer: "").id, try graph.emit(.unary(.negate), [x], layer: "").id]
            return graph
        }
        var chance = Chance(2)
        let x = try chance.grid([50, 3, 2]).tensor(.float32)
        let whole = try Executable(graph: try lower([x.shape]), weights: { _ in throw KerasError(.mismatch, "") }, options: options(1)).run(
            [x])
        let cut = try Predictor(weights: [:], options: options(2), lower: lower).predict([x], batchSize: nil)
        #expect(cut.map(\.shape) == [[150, 2], [50, 3, 2]])
        for (a, b) in zip(cut, whole) { #expect(try a.scalars(as: Float.self) == b.scalars(as: Float.self)) }
    }

    @Test func theFirstSamplesProblemIsReported() throws {
        let predictor = Predictor(weights: [:], options: options(4)) { shapes in
            var graph = OpGraph()
            let table = graph.constant(try Tensor([Float(1), 2, 3], shape: [3, 1]))
            graph.outputs = [try graph.emit(.gather, [table, graph.input(shape: shapes[0], dtype: .int32)], layer: "words").id]
            return graph
        }
        var indices = [Int32](repeating: 1, count: 300)
        (indices[40], indices[200], indices[290]) = (77, 88, 99)
        for _ in 0..<20 {
            let error = #expect(throws: KerasError.self) { try predictor.predict([try Tensor(indices, shape: [300, 1])], batchSize: nil) }
            #expect(error?.description.contains("77") == true)
        }
    }

    /// Several callers at once, with batches of many sizes: more plans than are kept.
    @Test func concurrentCallersGetTheirOwnResults() async throws {
        let network = try Network()
        let predictor = Predictor(weights: network.weights, options: options(2), lower: network.lower)
        let images = try network.images(60)
        let expected = try predictor.predict([images], batchSize: nil)[0].scalars(as: Float.self)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for caller in 0..<8 {
                group.addTask {
                    try (1..<30).allSatisfy { round in
                        let count = (caller * 7 + round * 5) % 59 + 1
                        return try predictor.predict([images[0..<count]], batchSize: nil)[0].scalars(as: Float.self)
                            == Array(expected.prefix(count * 5))
                    }
                }
            }
            for try await same in group { #expect(same) }
        }
    }

    @Test func inputsOfDifferentLengthsAreRefused() throws {
        let predictor = Predictor(weights: [:], options: options(1)) { _ in OpGraph() }
        let error = #expect(throws: KerasError.self) {
            try predictor.predict([try Tensor([Float(1), 2]), try Tensor([Float(1)])], batchSize: nil)
        }
        #expect(error?.problems.first?.kind == .mismatch)
    }
}
