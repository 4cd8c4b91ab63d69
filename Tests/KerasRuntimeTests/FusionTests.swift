import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

private let plain = RuntimeOptions(threads: 1, isa: "generic", reference: false, convolutions: .direct)
private let reference = RuntimeOptions(threads: 1, isa: nil, reference: true)
private let everything: Fusions = [.activations, .addends, .pooling]

/// What the passes make of graphs, told by a line for each node.
@Suite struct FusionTests {
    private func nodes(_ sample: Sample, _ fusions: Fusions = everything) throws -> [String] {
        let store = ConstantStore()
        var draft = try Draft(sample.graph, store: store) { _ in throw KerasError(.mismatch, "no weights") }
        draft.improve(store, fusions: fusions)
        // A node must not read what is computed after it.
        var known = Set(draft.inputs + draft.values.indices.filter { draft.values[$0].constant != nil })
        for node in draft.nodes {
            #expect(node.inputs.allSatisfy(known.contains), "\(node.name) reads what is not there yet")
            known.insert(node.output)
        }
        #expect(draft.outputs.allSatisfy(known.contains))
        return draft.nodes.map { $0.told }
    }

    private func pointwise(_ sample: inout Sample, _ x: Value, filters: Int) throws -> Value {
        let op = Op.convolution(Convolution(strides: [1, 1], dilation: [1, 1], padding: [.none, .none]))
        return try sample.emit(op, x, try sample.constant([1, 1, x.shape.dims.last ?? 1, filters]), try sample.constant([filters]))
    }

    // MARK: Addends

    /// ResNet's identity block: the addition and the ReLU after it belong to the last convolution.
    @Test func residualAdditionBecomesTheProductsAddend() throws {
        var sample = Sample()
        let x = try sample.emit(.unary(.relu()), try sample.convolution(try sample.input([2, 6, 6, 3]), filters: 4))
        let y = try sample.convolution(try sample.emit(.unary(.relu()), try sample.convolution(x, filters: 4)), filters: 4)
        let sum = try sample.emit(.unary(.relu()), try sample.emit(.binary(.add), x, y))
        sample.graph.outputs = [sum.id]
        #expect(try nodes(sample) == ["convolution clamp", "convolution clamp", "convolution addend clamp"])
        #expect(try nodes(sample, [.activations]) == ["convolution clamp", "convolution clamp", "convolution", "add", "relu"])
    }

    /// ResNet's projection block: of two convolutions, the one computed later takes the other's result.
    @Test(arguments: [false, true]) func ofTwoProductsTheLaterOneAdds(swapped: Bool) throws {
        var sample = Sample()
        let x = try sample.input([2, 6, 6, 3])
        let shortcut = try pointwise(&sample, x, filters: 4)
        let y = try sample.convolution(try sample.emit(.unary(.relu()), try sample.convolution(x, filters: 4)), filters: 4)
        sample.graph.outputs = [try sample.emit(.binary(.add), swapped ? y : shortcut, swapped ? shortcut : y).id]
        #expect(try nodes(sample) == ["convolution", "convolution clamp", "convolution addend"])
    }

    /// A product whose addend comes later is computed later, unless that keeps a larger operand alive.
    @Test(arguments: [(4, true), (9, false)]) func aProductMovesDownToItsAddend(channels: Int, moves: Bool) throws {
        var sample = Sample()
        let x = try sample.input([2, 4, 4, channels])
        let product = try pointwise(&sample, x, filters: 4)
        let other = try sample.emit(.unary(.exp), try sample.input([2, 4, 4, 4]))
        let sum = try sample.emit(.binary(.add), product, other)
        sample.graph.outputs = [try sample.emit(.unary(.tanh), sum).id]
        #expect(try nodes(sample) == (moves ? ["exp", "convolution addend tanh"] : ["convolution", "exp", "add", "tanh"]))
    }

    @Test func sumsOfSumsAndMatrixProducts() throws {
        var sample = Sample()
        let x = try sample.input([5, 6])
        let weights = try sample.constant([6, 6])
        let a = try sample.emit(.matrixMultiply, x, weights, try sample.constant([6]))
        let b = try sample.emit(.matrixMultiply, a, weights)
        let sum = try sample.emit(.binary(.add), try sample.emit(.binary(.add), a, b), x)
        sample.graph.outputs = [try sample.emit(.matrixMultiply, sum, weights).id]
        // One addend each: the second sum stays.
        #expect(try nodes(sample) == ["matrix product", "matrix product addend", "add", "matrix product"])
    }

    @Test func additionsThatAreNotOfTheProductAloneStay() throws {
        var sample = Sample()
        let x = try sample.input([2, 5, 5, 4])
        let twice = try sample.convolution(x, filters: 4)
        let active = try sample.emit(.unary(.tanh), try sample.convolution(x, filters: 4))
        let narrow = try sample.convolution(x, filters: 4)
        let depthwise = try sample.convolution(x, filters: 4, groups: 4)
        let itself = try sample.convolution(x, filters: 4)
        sample.graph.outputs = [
            try sample.emit(.binary(.add), twice, x), twice, try sample.emit(.binary(.add), active, x),
            try sample.emit(.binary(.add), narrow, try sample.input([2, 1, 1, 4])), try sample.emit(.binary(.add), depthwise, x),
            try sample.emit(.binary(.add), itself, itself),
        ].map(\.id)
        #expect(try nodes(sample).filter { $0.contains("addend") } == [])
    }

    // MARK: Pooling

    @Test func poolingJoinsTheConvolution() throws {
        for function in [Unary.relu(), .relu(maximum: 6)] {
            var sample = Sample()
            var x = try sample.convolution(try sample.input([2, 9, 8, 1]), filters: 4)
            x = try sample.emit(.unary(function), x)
            x = try sample.emit(.pool(Pool(.max, window: [2, 2], strides: [2, 2], padding: [.none, .none])), x)
            sample.graph.outputs = [try sample.emit(.unary(.tanh), x).id]
            #expect(try nodes(sample) == ["convolution clamp pool", "tanh"])
            #expect(try nodes(sample, [.activations]) == ["convolution clamp", "pool", "tanh"])
        }
    }

    @Test(arguments: [
        Pool(.average, window: [2, 2], strides: [2, 2], padding: [.none, .none]),
        Pool(.max, window: [2, 2], strides: [2, 2], padding: [.none, Edges(0, 1)]),
        Pool(.max, window: [2, 2], strides: [1, 1], padding: [.none, .none]),
        Pool(.max, window: [3, 3], strides: [2, 2], padding: [.none, .none]),
    ]) func otherPoolingStays(_ pool: Pool) throws {
        var sample = Sample()
        sample.graph.outputs = [try sample.emit(.pool(pool), try sample.convolution(try sample.input([2, 9, 9, 1]), filters: 4)).id]
        #expect(try nodes(sample) == ["convolution", "pool"])
    }

    @Test func poolingStaysAfterFunctionsAddendsGroupsAndOtherReaders() throws {
        var sample = Sample()
        let pool = Op.pool(Pool(.max, window: [2, 2], strides: [2, 2], padding: [.none, .none]))
        let x = try sample.input([2, 6, 6, 4])
        let shared = try sample.convolution(x, filters: 4)
        sample.graph.outputs = [
            try sample.emit(pool, try sample.emit(.unary(.tanh), try sample.convolution(x, filters: 4))),
            try sample.emit(pool, try sample.emit(.binary(.add), try sample.convolution(x, filters: 4), x)),
            try sample.emit(pool, try sample.convolution(x, filters: 4, groups: 2)), try sample.emit(pool, shared), shared,
        ].map(\.id)
        #expect(try nodes(sample).filter { $0.hasSuffix("pool") } == ["pool", "pool", "pool", "pool"])
    }

    /// Zeros round what is never negative are no more than a maximum's padding; round anything else they are a maximum of their own.
    @Test(arguments: [
        (Unary.relu(), true), (.relu(maximum: 6), true), (.sigmoid, true), (.tanh, false), (.relu(slope: 0.1), false),
        (.clamp(low: -1, high: 1), false),
    ]) func zerosBeforeAMaximum(_ function: Unary, folds: Bool) throws {
        var sample = Sample()
        var x = try sample.emit(.unary(function), try sample.convolution(try sample.input([2, 7, 7, 2]), filters: 3))
        x = try sample.emit(.pad([.none, Edges(1, 1), Edges(0, 2), .none], value: 0), x)
        x = try sample.emit(.pool(Pool(.max, window: [3, 3], strides: [2, 2], padding: [.none, .none])), x)
        sample.graph.outputs = [x.id]
        #expect(try nodes(sample).contains("pad") == !folds)
        #expect(try sample.run(plain) == sample.run(reference))
    }

    // MARK: Scaling

    /// A batch normalization that no product stands before.
    @Test(arguments: [[3, 5, 7, 3], [2, 40], [6, 1], [0, 4], [2, 3, 200]]) func scalingAndShiftingIsOneStep(_ shape: [Int]) throws {
        for function in [nil, Unary.relu(), .tanh] {
            for (scaling, shifting) in [(Binary.multiply, Binary.add), (.divide, .subtract)] {
                var sample = Sample()
                var x = try sample.input(shape)
                x = try sample.emit(.binary(scaling), x, try sample.constant([shape[shape.count - 1]]) { $0 + 3 })
                x = try sample.emit(.binary(shifting), x, try sample.constant([1]))
                if let function { x = try sample.emit(.unary(function), x) }
                sample.graph.outputs = [x.id]
                let name = function.map { $0 == .tanh ? " tanh" : " clamp" } ?? ""
                #expect(try nodes(sample) == ["scale shift addend" + name])
                for options in everyOptions {
                    #expect(difference(try sample.run(options)[0], try sample.run(reference)[0]) < 1e-6)
                }
            }
        }
    }

    /// Far from zero, a mean must be taken away first.
    @Test func aShiftBeforeAScaleStays() throws {
        var sample = Sample()
        let mean = try sample.constant([3]) { $0 + 100_000 }
        let x = try sample.emit(.binary(.subtract), try sample.emit(.binary(.add), try sample.input([4, 3]), mean), mean)
        sample.graph.outputs = [try sample.emit(.binary(.divide), x, try sample.constant([3]) { $0 + 2 }).id]
        #expect(try nodes(sample) == ["add", "subtract", "divide"])
    }

    /// Pixels brought to 0…1 before the first product.
    @Test func aScaleBeforeAProductIsFoldedIntoItsKernel() throws {
        var sample = Sample()
        let x = try sample.emit(.unary(.affine(scale: 1 / 255, offset: 0)), try sample.input([2, 6, 6, 3]))
        var y = try sample.convolution(x, filters: 5)
        y = try sample.emit(.binary(.divide), try sample.emit(.unary(.tanh), y), try sample.constant([5]) { $0 + 3 })
        let operation = TransposedConvolution(strides: [2, 2], dilation: [1, 1], offset: [0, 0], output: [12, 12])
        y = try sample.emit(.transposedConvolution(operation), y, try sample.constant([2, 2, 4, 5]))
        y = try sample.emit(.binary(.multiply), try sample.emit(.unary(.tanh), y), try sample.constant([1, 1, 4]))
        y = try sample.emit(.matrixMultiply, y, try sample.constant([4, 3]))
        sample.graph.outputs = [y.id]
        #expect(try nodes(sample) == ["convolution tanh", "transposed convolution tanh", "matrix product"])
        #expect(difference(try sample.run(plain)[0], try sample.run(reference)[0]) < 1e-6)
    }

    @Test func scalesThatCannotBeFoldedStay() throws {
        var sample = Sample()
        let x = try sample.input([2, 6, 6, 4])
        let offset = try sample.convolution(try sample.emit(.unary(.affine(scale: 2, offset: 1)), x), filters: 4)
        let grouped = try sample.convolution(try sample.emit(.binary(.multiply), x, try sample.constant([4])), filters: 4, groups: 2)
        let row = try sample.convolution(try sample.emit(.binary(.multiply), x, try sample.constant([6, 1])), filters: 4)
        let shared = try sample.emit(.binary(.multiply), x, try sample.constant([4]))
        sample.graph.outputs = [offset, grouped, row, try sample.convolution(shared, filters: 2), shared].map(\.id)
        #expect(try nodes(sample).count == 8)
        #expect(difference(try sample.run(plain).flatMap { $0 }, try sample.run(reference).flatMap { $0 }) < 1e-6)
    }
}

extension Draft.Node {
    /// The step's name, and what its epilogue does.
    fileprivate var told: String {
        let clamps = epilogue.low > -.infinity || epilogue.high < .infinity
        let name =
            if case .unary(.relu) = op { "relu" } else { name }
        return
            ([name] + (epilogue.hasAddend ? ["addend"] : []) + (clamps ? ["clamp"] : []) + epilogue.functions.map { "\($0)" }
            + (epilogue.pools ? ["pool"] : [])).joined(separator: " ")
    }
}
