import KerasModel
private import Synchronization
import Tensors
import Testing

@testable import KerasRuntime

/// A network with large maps in front and large weights behind, with a second output in the middle and a residual.
private struct Deep: Sendable {
    let layer = LayerID()
    let weights: [WeightID: Tensor]
    static let shapes: [[Int]] = [[3, 3, 2, 8], [3, 3, 8, 8], [8], [1, 1, 8, 16], [1024, 40], [40, 30], [30], [30, 5]]

    init() throws {
        var chance = Chance(5)
        var weights: [WeightID: Tensor] = [:]
        for (index, shape) in Deep.shapes.enumerated() {
            var grid = chance.grid(shape)
            grid.values = grid.values.map { $0 / 8 }
            weights[WeightID(layer: layer, index: index)] = try grid.tensor(.float32)
        }
        self.weights = weights
    }

    func lower(_ shapes: [Shape]) throws -> OpGraph {
        var graph = OpGraph()
        let w = Deep.shapes.indices.map { graph.weight(WeightID(layer: layer, index: $0), shape: Shape(Deep.shapes[$0]), dtype: .float32) }
        let same = Convolution(strides: [1, 1], dilation: [1, 1], padding: [Edges(1, 1), Edges(1, 1)])
        var x = try graph.emit(.convolution(same), [graph.input(shape: shapes[0], dtype: .float32), w[0]], layer: "a")
        x = try graph.emit(.unary(.relu()), [x], layer: "a")
        let branch = try graph.emit(.binary(.multiply), [try graph.emit(.convolution(same), [x, w[1]], layer: "b"), w[2]], layer: "b")
        x = try graph.emit(.unary(.relu()), [try graph.emit(.binary(.add), [x, branch], layer: "c")], layer: "c")
        let middle = try graph.emit(.reduce(.mean, axes: [1, 2], keepDims: false), [x], layer: "d")
        x = try graph.emit(
            .convolution(Convolution(strides: [2, 2], dilation: [1, 1], padding: [.none, .none])), [x, w[3]], layer: "e")
        x = try graph.emit(.reshape([shapes[0][0], 1024]), [x], layer: "f")
        x = try graph.emit(.unary(.tanh), [try graph.emit(.matrixMultiply, [x, w[4]], layer: "g")], layer: "g")
        x = try graph.emit(.unary(.relu()), [try graph.emit(.matrixMultiply, [x, w[5], w[6]], layer: "h")], layer: "h")
        x = try graph.emit(.softmax(axis: 1), [try graph.emit(.matrixMultiply, [x, w[7]], layer: "i")], layer: "i")
        graph.outputs = [x.id, middle.id]
        return graph
    }

    func predictor(_ threads: Int) -> Predictor {
        Predictor(weights: weights, options: RuntimeOptions(threads: threads, isa: nil, reference: false), lower: lower)
    }

    func images(_ count: Int, _ dtype: DType = .float32) throws -> Tensor {
        var chance = Chance(17)
        var grid = chance.grid([count, 16, 16, 2])
        if dtype == .uint8 { grid.values = grid.values.map { (abs($0) * 100).rounded() } }
        return try grid.tensor(dtype)
    }
}

private func bits(_ tensors: [Tensor]) throws -> [UInt32] { try tensors.flatMap { try $0.scalars(as: Float.self).map(\.bitPattern) } }

@Suite struct SegmentTests {
    @Test(arguments: [1, 2, 7, 16, 33, 70]) func segmentsGiveTheBitsOfTheWhole(samples: Int) throws {
        let network = try Deep()
        let images = try network.images(samples)
        let alone = try Executable(
            graph: network.lower([[1, 16, 16, 2]]), weights: { network.weights[$0]! },
            options: RuntimeOptions(threads: 1, isa: nil, reference: false))
        let expected = try (0..<samples).map { try alone.run([images[$0..<$0 + 1]]) }
        let (scores, middle) = (try bits(expected.map { $0[0] }), try bits(expected.map { $0[1] }))
        for threads in [1, 3] {
            for batchSize in [nil, 9] {
                let predictor = network.predictor(threads)
                let stages = try Anatomy.$caches.withValue((usual: 10_000, last: 100_000)) {
                    try [images].withUnsafeBufferPointer { try predictor.route(for: $0, batchSize).stages }
                }
                // Where pieces are small all along, nothing is gained.
                #expect(samples < 16 || batchSize != nil || stages.count > 1, "nothing was cut")
                #expect(stages.count <= 3 && stages.allSatisfy { $0.piece <= batchSize ?? 16 })
                for _ in 0..<2 {
                    let results = try predictor.predict([images], batchSize: batchSize)
                    #expect(results.map(\.shape) == [[samples, 5], [samples, 8]])
                    #expect(try bits([results[0]]) == scores && bits([results[1]]) == middle, "\(threads) threads")
                }
            }
        }
    }

    /// Early pieces are small, late ones large.
    @Test func piecesGrowAlongTheNetwork() throws {
        let network = try Deep()
        let stages = try Anatomy.$caches.withValue((usual: 10_000, last: 100_000)) {
            try [network.images(64)].withUnsafeBufferPointer { try network.predictor(2).route(for: $0, nil).stages }
        }
        let first = try #require(stages.first), last = try #require(stages.last)
        #expect(first.piece < last.piece)
    }

    /// Data is cast piece by piece.
    @Test func bytesAreCastAsTheyAreNeeded() throws {
        let predictor = try Deep().predictor(2)
        let images = try Deep().images(37, .uint8)
        #expect(try bits(predictor.predict([images])) == bits(predictor.predict([images.converted(to: .float32)])))
        let strided = try images.converted(to: .float64).transposed([0, 2, 1, 3])
        #expect(try bits(predictor.predict([strided])) == bits(predictor.predict([strided.contiguous().converted(to: .float32)])))
    }

    @Test func predictionsInto() throws {
        let network = try Deep()
        let predictor = network.predictor(2)
        let images = try network.images(9)
        let expected = try predictor.predict([images])
        var outputs = [try Tensor(zeros: [9, 5]), try Tensor(zeros: [9, 8])]
        for _ in 0..<2 {
            try predictor.predict([images], into: &outputs)
            #expect(try bits(outputs) == bits(expected))
        }
        func problem(_ outputs: [Tensor]) -> String {
            // The array's memory must be its own, its tensors' too.
            var outputs = outputs
            let error = #expect(throws: KerasError.self) { try predictor.predict([images], into: &outputs) }
            #expect(error?.problems.first?.kind == .mismatch)
            return error?.problems.first?.found ?? ""
        }
        #expect(problem([try Tensor(zeros: [9, 5])]) == "1")
        #expect(problem([try Tensor(zeros: [9, 4]), try Tensor(zeros: [9, 8])]).contains("(9, 4)"))
        #expect(problem([try Tensor(zeros: [9, 5], dtype: .float64), try Tensor(zeros: [9, 8])]).contains("float64"))
        let shared = try Tensor(zeros: [9, 5])
        #expect(problem([shared, try Tensor(zeros: [9, 8])]).contains("copy"))
        #expect(try shared.scalars(as: Float.self).allSatisfy { $0 == 0 })
    }

    /// Packed weights are shared, everything else is each caller's own.
    @Test func manyThreadsOnOneModel() async throws {
        let network = try Deep()
        let predictor = network.predictor(2)
        let images = try network.images(24)
        let expected = try (1...24).map { try bits(network.predictor(1).predict([images[0..<$0]])) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for caller in 0..<6 {
                group.addTask {
                    try (0..<12).allSatisfy { round in
                        let count = (caller * 5 + round * 7) % 24 + 1
                        return try Anatomy.$caches.withValue((usual: 10_000, last: 100_000)) {
                            try bits(predictor.predict([images[0..<count]])) == expected[count - 1]
                        }
                    }
                }
            }
            for try await same in group { #expect(same) }
        }
    }
}
