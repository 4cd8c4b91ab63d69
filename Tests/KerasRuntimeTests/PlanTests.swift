import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// A graph made by hand, with the inputs to run it on.
struct Sample {
    var graph = OpGraph()
    var inputs: [Tensor] = []
    private var chance = Chance(7)

    mutating func input(_ shape: [Int], dtype: DType = .float32) throws -> Value {
        inputs.append(try chance.grid(shape).tensor(dtype))
        return graph.input(shape: Shape(shape), dtype: dtype)
    }

    mutating func constant(_ shape: [Int], dtype: DType = .float32, _ change: (Double) -> Double = { $0 }) throws -> Value {
        let grid = chance.grid(shape)
        return graph.constant(try Grid(shape, grid.values.map(change)).tensor(dtype))
    }

    mutating func emit(_ op: Op, _ operands: Value...) throws -> Value { try graph.emit(op, operands, layer: "layer") }

    mutating func convolution(_ x: Value, filters: Int, bias: Bool = true, groups: Int = 1) throws -> Value {
        let channels = x.shape[x.rank - 1]
        let kernel = try constant([3, 3, channels / groups, filters]) { $0 / 8 }
        let edges = Edges(1, 1)
        let op = Op.convolution(Convolution(strides: [1, 1], dilation: [1, 1], padding: [edges, edges], groups: groups))
        return bias ? try emit(op, x, kernel, try constant([filters])) : try emit(op, x, kernel)
    }

    func executable(_ options: RuntimeOptions) throws -> Executable {
        try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: options)
    }

    func run(_ options: RuntimeOptions) throws -> [[Double]] {
        try executable(options).run(inputs).map { try $0.scalars(as: Double.self) }
    }
}

private let plain = RuntimeOptions(threads: 1, isa: "generic", reference: false)
private let reference = RuntimeOptions(threads: 1, isa: nil, reference: true)

@Suite struct PlanTests {
    private func steps(_ sample: Sample, _ options: RuntimeOptions = plain) throws -> [String] {
        try sample.executable(options).profile(sample.inputs).map(\.op)
    }

    /// Functions of a product's result give the same bits in the product's step as alone.
    @Test(arguments: [
        Unary.relu(), .relu(maximum: 1), .clamp(low: -0.25, high: 0.5), .tanh, .sigmoid, .gelu(approximate: false), .relu(slope: 0.1),
        .elu(alpha: 1),
    ]) func epiloguesGiveTheSameBits(_ function: Unary) throws {
        var sample = Sample()
        var x = try sample.input([3, 9, 9, 4])
        x = try sample.emit(.unary(function), try sample.convolution(x, filters: 6))
        x = try sample.emit(.unary(function), try sample.convolution(x, filters: 6, bias: false, groups: 2))
        x = try sample.emit(.reshape([3, 486]), x)
        x = try sample.emit(.matrixMultiply, x, try sample.constant([486, 5]) { $0 / 20 }, try sample.constant([5]))
        x = try sample.emit(.unary(function), x)
        x = try sample.emit(.unary(.negate), x)
        x = try sample.emit(.unary(function), x)
        sample.graph.outputs = [x.id]
        #expect(try sample.run(plain) == sample.run(reference))
        #expect(try steps(sample).count == 3)
        #expect(try steps(sample, reference).count == 8)
    }

    @Test(arguments: [1, 4]) func batchNormalizationIsFoldedIntoTheProduct(groups: Int) throws {
        var sample = Sample()
        var x = try sample.convolution(try sample.input([2, 7, 7, 4]), filters: 8, bias: groups == 1, groups: groups)
        x = try sample.emit(.binary(.subtract), x, try sample.constant([8]))
        let variance = try sample.constant([8]) { abs($0) }
        let scale = try sample.emit(.unary(.rsqrt), try sample.emit(.unary(.affine(scale: 1, offset: 0.001)), variance))
        x = try sample.emit(.binary(.multiply), x, try sample.emit(.binary(.multiply), scale, try sample.constant([1, 1, 1, 8])))
        x = try sample.emit(.binary(.add), try sample.constant([8]), x)
        x = try sample.emit(.binary(.divide), x, try sample.constant([]) { $0 + 5 })
        x = try sample.emit(.unary(.relu()), x)
        sample.graph.outputs = [x.id]
        #expect(try steps(sample) == [groups == 1 ? "convolution" : "grouped convolution"])
        // Rounded once where the unfolded one is rounded five times.
        #expect(difference(try sample.run(plain)[0], try sample.run(reference)[0]) < 2e-6)
    }

    @Test func scalingOfATransposedConvolutionAndOfAMatrixProduct() throws {
        var sample = Sample()
        let operation = TransposedConvolution(strides: [2, 2], dilation: [1, 1], offset: [0, 0], output: [8, 8])
        var x = try sample.emit(.transposedConvolution(operation), try sample.input([2, 4, 4, 3]), try sample.constant([2, 2, 5, 3]))
        x = try sample.emit(.binary(.add), try sample.emit(.binary(.multiply), x, try sample.constant([5])), try sample.constant([5]))
        x = try sample.emit(.matrixMultiply, x, try sample.constant([5, 5]))
        x = try sample.emit(
            .binary(.subtract), try sample.emit(.binary(.divide), x, try sample.constant([1]) { $0 + 4 }), try sample.constant([1, 5]))
        sample.graph.outputs = [x.id]
        #expect(try steps(sample) == ["transposed convolution", "matrix product"])
        #expect(difference(try sample.run(plain)[0], try sample.run(reference)[0]) < 3e-6)
    }

    /// What others read too must stay what it is.
    @Test func nothingIsFoldedWhereTheProductIsReadTwice() throws {
        var sample = Sample()
        let product = try sample.convolution(try sample.input([2, 5, 5, 2]), filters: 3)
        let scaled = try sample.emit(.binary(.multiply), product, try sample.constant([3]))
        let active = try sample.emit(.unary(.relu()), product)
        sample.graph.outputs = [scaled.id, active.id, product.id]
        #expect(try sample.run(plain) == sample.run(reference))
    }

    @Test func vectorsAlongOtherAxesAreNotFolded() throws {
        var sample = Sample()
        let product = try sample.convolution(try sample.input([2, 3, 3, 2]), filters: 3)
        let scaled = try sample.emit(.binary(.multiply), product, try sample.constant([3, 1]))
        sample.graph.outputs = [scaled.id]
        #expect(try sample.run(plain) == sample.run(reference))
        #expect(try steps(sample).count == 2)
    }

    @Test func channelsFirstTransposesCancel() throws {
        var sample = Sample()
        let image = try sample.input([2, 3, 8, 8])
        var x = image
        for filters in [4, 5] {
            x = try sample.emit(.transpose([0, 2, 3, 1]), x)
            x = try sample.emit(.transpose([0, 3, 1, 2]), try sample.convolution(x, filters: filters))
            x = try sample.emit(.binary(.multiply), x, try sample.constant([filters, 1, 1]))
            x = try sample.emit(.unary(.relu()), x)
            x = try sample.emit(.pad([.none, .none, Edges(1, 0), Edges(0, 2)], value: 0), x)
        }
        x = try sample.emit(.concatenate(axis: 1), x, x)
        x = try sample.emit(.softmax(axis: 1), x)
        x = try sample.emit(.reduce(.mean, axes: [2, 3], keepDims: true), x)
        sample.graph.outputs = [x.id]
        #expect(difference(try sample.run(plain)[0], try sample.run(reference)[0]) < 2e-6)
        #expect(try steps(sample).filter { $0 == "transpose" }.count == 2)
        #expect(try steps(sample, reference).filter { $0 == "transpose" }.count == 4)
    }

    @Test func transposesThatCancelLeaveTheInput() throws {
        var sample = Sample()
        let x = try sample.input([2, 3, 4])
        let y = try sample.emit(.transpose([1, 2, 0]), try sample.emit(.transpose([2, 0, 1]), x))
        sample.graph.outputs = [y.id, x.id]
        #expect(try sample.run(plain) == sample.run(reference))
    }

    @Test func zerosPutRoundAnImageBecomePadding() throws {
        var sample = Sample()
        let x = try sample.emit(.pad([.none, Edges(1, 2), Edges(0, 3), .none], value: 0), try sample.input([2, 5, 5, 2]))
        sample.graph.outputs = [try sample.convolution(x, filters: 3).id]
        #expect(try steps(sample) == ["convolution"])
        #expect(try sample.run(plain) == sample.run(reference))

        var other = Sample()
        let y = try other.emit(.pad([.none, Edges(1, 2), Edges(0, 3), .none], value: 1), try other.input([2, 5, 5, 2]))
        other.graph.outputs = [try other.convolution(y, filters: 3).id]
        #expect(try other.run(plain) == other.run(reference))
    }

    /// Outputs that are inputs, constants, views of each other, given twice.
    @Test(arguments: everyOptions) func outputsOfEveryKind(_ options: RuntimeOptions) throws {
        var sample = Sample()
        let x = try sample.input([2, 6])
        let c = try sample.constant([3])
        let negative = try sample.emit(.unary(.negate), x)
        let view = try sample.emit(.reshape([3, 4]), negative)
        let viewOfInput = try sample.emit(.reshape([12]), x)
        let viewOfConstant = try sample.emit(.reshape([3, 1]), c)
        let folded = try sample.emit(.unary(.abs), c)
        let twice = try sample.emit(.binary(.add), negative, negative)
        sample.graph.outputs = [x, c, view, negative, negative, viewOfInput, viewOfConstant, folded, twice].map(\.id)
        let y = try sample.run(options)
        let values = try sample.inputs[0].scalars(as: Double.self)
        #expect(y[0] == values && y[5] == values)
        #expect(y[1] == y[6] && y[7] == y[1].map(abs))
        #expect(y[2] == values.map { -$0 } && y[3] == y[2] && y[4] == y[2])
        #expect(y[8] == values.map { -2 * $0 })
    }

    /// Values that live long while others come and go in the arena: each run gives what plain arithmetic gives.
    @Test(arguments: 0..<20) func arenaKeepsWhatIsStillRead(seed: Int) throws {
        var chance = Chance(seed + 1)
        var graph = OpGraph()
        let input = chance.grid([4, 6])
        var values = [graph.input(shape: [4, 6], dtype: .float64)]
        var expected = [input]
        for _ in 0..<40 {
            let (a, b) = (Int(chance.bits() % UInt64(values.count)), Int(chance.bits() % UInt64(values.count)))
            let ops: [(Op, [Int])] = [
                (.unary(.tanh), [a]), (.unary(.affine(scale: 0.5, offset: 0.25)), [a]), (.binary(.multiply), [a, b]),
                (.binary(.subtract), [a, b]), (.reshape([24]), [a]), (.reshape([4, 6]), [a]), (.softmax(axis: 1), [a]),
            ]
            let (op, operands) = ops[Int(chance.bits() % UInt64(ops.count))]
            if case .softmax = op, expected[a].shape.count != 2 { continue }
            guard let value = try? graph.emit(op, operands.map { values[$0] }, layer: "") else { continue }
            values.append(value)
            expected.append(Plain.run(op, operands.map { expected[$0] }))
        }
        let chosen = [values.count - 1, values.count / 2, values.count / 3]
        graph.outputs = chosen.map { values[$0].id }
        let executable = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: plain)
        for _ in 0..<2 {
            let results = try executable.run([try input.tensor(.float64)])
            for (result, index) in zip(results, chosen) {
                #expect(difference(try result.scalars(as: Double.self), expected[index].values) < 1e-12)
            }
        }
    }

    @Test func emptyBatchesGiveEmptyOutputs() throws {
        for options in everyOptions {
            var sample = Sample()
            var x = try sample.emit(.unary(.relu()), try sample.convolution(try sample.input([0, 5, 5, 2]), filters: 3))
            x = try sample.emit(.pool(Pool(.max, window: [2, 2], strides: [2, 2], padding: [.none, .none])), x)
            x = try sample.emit(.matrixMultiply, try sample.emit(.reshape([0, 12]), x), try sample.constant([12, 4]))
            sample.graph.outputs = [try sample.emit(.softmax(axis: 1), x).id]
            #expect(try sample.executable(options).run(sample.inputs)[0].shape == [0, 4])
        }
    }

    @Test func unknownInstructionSetsAreRefused() throws {
        var sample = Sample()
        sample.graph.outputs = [try sample.input([2]).id]
        let error = #expect(throws: KerasError.self) { try sample.executable(RuntimeOptions(threads: 1, isa: "abacus", reference: false)) }
        #expect(error?.problems.first?.kind == .unsupported)
    }

    @Test func weightsOfAnotherShapeAreRefused() throws {
        var graph = OpGraph()
        let id = WeightID(layer: LayerID(), index: 0)
        let sum = try graph.emit(
            .binary(.add), [graph.input(shape: [2], dtype: .float32), graph.weight(id, shape: [2], dtype: .float32)], layer: "")
        graph.outputs = [sum.id]
        let error = #expect(throws: KerasError.self) {
            try Executable(graph: graph, weights: { _ in try Tensor([Float(1), 2, 3]) }, options: plain)
        }
        #expect(error?.problems.first?.kind == .mismatch)
    }

    /// More than any machine has: an error, not a crash.
    @Test func activationsBeyondMemoryAreRefused() throws {
        var sample = Sample()
        let x = try sample.input([1])
        let wide = try sample.emit(.broadcast([1 << 45]), x)
        sample.graph.outputs = [try sample.emit(.reduce(.sum, axes: [0], keepDims: true), wide).id]
        let error = #expect(throws: KerasError.self) { try sample.run(plain) }
        #expect(error?.problems.first?.kind == .resource)
    }
}
