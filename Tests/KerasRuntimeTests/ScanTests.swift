import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// Loops against the same steps written out one after the other, and their gradients against those.
@Suite struct ScanTests {
    /// What one step computes, from its slices, the states and what is the same at every step: the new states, and what is kept.
    struct Body: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var sequences: [[Int]]
        var states: [[Int]]
        var captures: [[Int]]
        let step: @Sendable (Tape, [Term], [Term], [Term]) throws -> (states: [Term], kept: [Term])
    }

    static let bodies: [Body] = [
        Body(testDescription: "a running sum", sequences: [[3]], states: [[3]], captures: []) { _, x, s, _ in
            let sum = try s[0] + x[0]
            return ([sum], [sum])
        },
        Body(testDescription: "a simple network", sequences: [[4]], states: [[4]], captures: [[4, 4], [4]]) { _, x, s, c in
            let h = try (s[0].emit(.matrixMultiply, c[0], c[1]) + x[0])(.tanh)
            return ([h], [h])
        },
        Body(testDescription: "gates and two states", sequences: [[8], [1]], states: [[2], [2]], captures: [[2, 8]]) { tape, x, s, c in
            let z = try s[0].emit(.matrixMultiply, c[0]) + x[0]
            func gate(_ index: Int) throws -> Term {
                try z.emit(.slice(starts: [0, 2 * index], sizes: [z.shape[0], 2]))
            }
            let carry = try gate(1)(.sigmoid) * s[1] + gate(0)(.sigmoid) * gate(2)(.tanh)
            let h = try gate(3)(.sigmoid) * carry(.tanh)
            return ([try h.gated(by: x[1]) + s[0].gated(by: 1 - x[1]), carry], [h, try h * x[1]])
        },
        Body(testDescription: "nothing kept, something unused", sequences: [[2, 3]], states: [[2, 3], [5]], captures: [[3]]) { _, x, s, c in
            ([try s[0] * 0.5 + x[0] * c[0], s[1]], [])
        },
        Body(testDescription: "a state that is what came before", sequences: [[3]], states: [[3]], captures: []) { _, x, s, _ in
            ([x[0]], [s[0], try s[0] * x[0]])
        },
        Body(testDescription: "a convolution", sequences: [[5, 2]], states: [[5, 2]], captures: [[3, 2, 2]]) { _, x, s, c in
            let window = Convolution(strides: [1], dilation: [1], padding: [Edges(1, 1)])
            let h = try (s[0].emit(.convolution(window), c[0]) + x[0])(.tanh)
            return ([h], [h])
        },
        Body(testDescription: "one weight read in two ways", sequences: [[3]], states: [[3]], captures: [[3, 3]]) { _, x, s, c in
            let h = try (s[0].emit(.matrixMultiply, c[0]) + x[0].emit(.matrixMultiply, c[0]))(.tanh)
            return ([try h + c[0].sum([0])], [h])
        },
    ]

    /// The loop and its steps written out: the results, and what the operands get, for random numbers.
    private func results(
        _ body: Body, rows: Int, steps: Int, isReversed: Bool, unrolled: Bool, dtype: DType, constants: Bool, _ options: RuntimeOptions
    ) throws -> [[Double]] {
        var chance = Chance(rows * 100 + steps)
        let shapes = body.sequences.map { [rows, steps] + $0 } + body.states.map { [rows] + $0 } + body.captures
        let data = try shapes.map { try chance.grid($0).tensor(dtype) }
        var graph = OpGraph()
        let first = body.sequences.count + body.states.count
        let operands = data.enumerated().map { index, tensor in
            constants && index >= first ? graph.constant(tensor) : graph.input(shape: tensor.shape, dtype: dtype)
        }
        let given = constants ? Array(data.prefix(first)) : data
        let results =
            unrolled
            ? try self.unrolled(body, &graph, operands, steps: steps, isReversed: isReversed)
            : try scan(body, &graph, operands, rows: rows, isReversed: isReversed, dtype: dtype)
        let seeds = try results.map { (value: $0.id, seed: graph.constant(try chance.grid($0.shape.dims).tensor(dtype)).id) }
        // The last result gets nothing.
        let gradients = try graph.addGradients(of: seeds.count > 2 ? Array(seeds.dropLast()) : seeds, for: operands.map(\.id))
        graph.outputs = results.map(\.id) + gradients.compactMap { $0 }
        let executable = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: options)
        let found = try executable.run(given).map { try $0.scalars(as: Double.self) }
        var all = Array(found.prefix(results.count))
        var left = found.dropFirst(results.count)
        for (operand, gradient) in zip(operands, gradients) {
            all.append(gradient == nil ? [Double](repeating: 0, count: operand.shape.count) : left.removeFirst())
        }
        return all
    }

    private func scan(_ body: Body, _ graph: inout OpGraph, _ operands: [Value], rows: Int, isReversed: Bool, dtype: DType) throws
        -> [Value]
    {
        var inner = OpGraph()
        func inputs(_ shapes: [[Int]], rows: [Int]) -> [OpGraph.ValueID] {
            shapes.map { inner.input(shape: Shape(rows + $0), dtype: dtype).id }
        }
        let (slices, states, captures) = (
            inputs(body.sequences, rows: [rows]), inputs(body.states, rows: [rows]), inputs(body.captures, rows: [])
        )
        let tape = Tape(inner)
        let results = try body.step(tape, slices.map(tape.term), states.map(tape.term), captures.map(tape.term))
        inner = tape.graph
        inner.outputs = (results.states + results.kept).map(\.value.id)
        let scan = Scan(inner, sequences: slices.count, states: states.count, isReversed: isReversed)
        return try graph.emitAll(.scan(scan), operands, layer: "loop")
    }

    private func unrolled(_ body: Body, _ graph: inout OpGraph, _ operands: [Value], steps: Int, isReversed: Bool) throws -> [Value] {
        let tape = Tape(graph)
        let terms = operands.map { tape.term($0.id) }
        let first = body.sequences.count + body.states.count
        var states = Array(terms[body.sequences.count..<first])
        var kept = [[Term]](repeating: [], count: steps)
        for count in 0..<steps {
            let step = isReversed ? steps - 1 - count : count
            let slices = try terms.prefix(body.sequences.count).map { term in
                var (starts, sizes) = ([Int](repeating: 0, count: term.shape.rank), term.shape.dims)
                (starts[1], sizes[1]) = (step, 1)
                return try term.emit(.slice(starts: starts, sizes: sizes)).reshaped(Shape([sizes[0]] + sizes.dropFirst(2)))
            }
            (states, kept[step]) = try body.step(tape, slices, states, Array(terms.dropFirst(first)))
        }
        let sequences = try kept[0].indices.map { index in
            try tape.emit(
                .concatenate(axis: 1),
                try kept.map { step in
                    let cell = step[index].shape
                    return try step[index].reshaped(Shape([cell[0], 1] + cell.dims.dropFirst()))
                })
        }
        graph = tape.graph
        return (states + sequences).map(\.value)
    }

    @Test(arguments: bodies, [(1, 1), (1, 4), (3, 5)]) func aLoopIsItsStepsOneAfterTheOther(_ body: Body, _ size: (rows: Int, steps: Int))
        throws
    {
        for isReversed in [false, true] {
            func results(unrolled: Bool, _ dtype: DType, constants: Bool, _ options: RuntimeOptions) throws -> [[Double]] {
                try self.results(
                    body, rows: size.rows, steps: size.steps, isReversed: isReversed, unrolled: unrolled, dtype: dtype,
                    constants: constants,
                    options)
            }
            let reference = RuntimeOptions(threads: 1, isa: "generic", reference: true)
            let expected = try results(unrolled: true, .float64, constants: false, reference)
            for options in everyOptions {
                for dtype in [DType.float32, .float64] where dtype == .float32 || options.isa == "generic" {
                    for constants in [false, true] {
                        let found = try results(unrolled: false, dtype, constants: constants, options)
                        #expect(found.count == expected.count)
                        for (index, (a, b)) in zip(found, expected).enumerated() {
                            #expect(
                                difference(a, b) < (dtype == .float64 ? 1e-11 : 5e-5),
                                "result \(index), reversed: \(isReversed), constants: \(constants), \(dtype) \(options)")
                        }
                    }
                }
            }
        }
    }

    @Test func noStepsLeaveTheStates() throws {
        var graph = OpGraph()
        let operands = [graph.input(shape: [2, 0, 3], dtype: .float32), graph.input(shape: [2, 3], dtype: .float32)]
        graph.outputs = try scan(ScanTests.bodies[0], &graph, operands, rows: 2, isReversed: false, dtype: .float32).map(\.id)
        let executable = try Executable(
            graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: RuntimeOptions(threads: 1, isa: nil))
        let state = try Tensor([Float](arrayLiteral: 1, 2, 3, 4, 5, 6), shape: [2, 3])
        let results = try executable.run([try Tensor(zeros: [2, 0, 3]), state])
        #expect(try results[0].scalars(as: Float.self) == [1, 2, 3, 4, 5, 6])
        #expect(results[1].count == 0)
    }

    @Test func operandsThatDoNotFitAreRefused() throws {
        let body = ScanTests.bodies[1]
        for shapes in [
            [[2, 3, 5], [2, 4], [4, 4], [4]], [[2, 3, 4], [3, 4], [4, 4], [4]], [[2, 3, 4], [2, 4], [4, 4]],
            [[2, 4], [2, 4], [4, 4], [4]],
        ] {
            var graph = OpGraph()
            let operands = shapes.map { graph.input(shape: Shape($0), dtype: .float32) }
            #expect(throws: KerasError.self) { try scan(body, &graph, operands, rows: 2, isReversed: false, dtype: .float32) }
        }
    }

    /// Samples that go one by one through a loop may be predicted in pieces.
    @Test func theBatchGoesThrough() throws {
        var graph = OpGraph()
        let x = graph.input(shape: [4, 3, 4], dtype: .float32)
        let operands = [x] + [[4, 4], [4, 4], [4]].map { graph.constant(try! Tensor(zeros: Shape($0))) }
        let results = try scan(ScanTests.bodies[1], &graph, operands, rows: 4, isReversed: false, dtype: .float32)
        let relations = BatchAxis.relations(graph, samples: 4)
        #expect(results.allSatisfy { relations[$0.id] == .rows(1) })
    }
}
