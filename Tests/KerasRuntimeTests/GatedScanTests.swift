import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// Loops whose body is known by name are computed in one go: to the bits of the body.
@Suite struct GatedScanTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var isLongShortTerm: Bool
        var rows: Int
        var units: Int
        var isReversed = false
        var keeps = true
        var hasBias = true
        /// Of the product that makes the sums, if there is one.
        var features = 0
        var testDescription: String { "\(isLongShortTerm ? "lstm" : "gru") \(rows) × \(units) reversed: \(isReversed) keeps: \(keeps)" }
    }

    static let cases: [Case] = [true, false].flatMap { kind in
        [
            Case(isLongShortTerm: kind, rows: 1, units: 128),
            Case(isLongShortTerm: kind, rows: 1, units: 128, isReversed: true, keeps: false),
            Case(isLongShortTerm: kind, rows: 3, units: 128), Case(isLongShortTerm: kind, rows: 2, units: 7, isReversed: true),
            Case(isLongShortTerm: kind, rows: 1, units: 20, hasBias: false), Case(isLongShortTerm: kind, rows: 5, units: 192, keeps: false),
        ]
    }
    /// Of enough rows that the sums are made step by step; units enough for two threads, and not.
    static let projected: [Case] = [true, false].flatMap { kind in
        [
            Case(isLongShortTerm: kind, rows: 8, units: 128, features: 24), Case(isLongShortTerm: kind, rows: 11, units: 33, features: 5),
            Case(isLongShortTerm: kind, rows: 9, units: 64, isReversed: true, keeps: false, hasBias: false, features: 130),
        ]
    }

    private static let steps = 9

    private func loop(_ test: Case, isKnown: Bool, dtype: DType) throws -> (OpGraph, [Tensor]) {
        var chance = Chance(test.rows + test.units)
        let (n, u, gates) = (test.rows, test.units, test.isLongShortTerm ? 4 : 3)
        var body = OpGraph()
        func input(_ dims: [Int]) -> OpGraph.ValueID { body.input(shape: Shape(dims), dtype: dtype).id }
        let x = input([n, gates * u])
        let h = input([n, u])
        let c = test.isLongShortTerm ? input([n, u]) : nil
        let kernel = input([u, gates * u])
        let bias = !test.isLongShortTerm && test.hasBias ? input([gates * u]) : nil
        let tape = Tape(body)
        func gate(_ term: Term, _ index: Int) throws -> Term { try term.emit(.slice(starts: [0, index * u], sizes: [n, u])) }
        let operands = [tape.term(h), tape.term(kernel)] + (bias.map { [tape.term($0)] } ?? [])
        let inner = try tape.emit(.matrixMultiply, operands)
        let states: [Term]
        let known: Scan.Known
        if let c {
            let z = try inner + tape.term(x)
            let carry = try gate(z, 1)(.sigmoid) * tape.term(c) + gate(z, 0)(.sigmoid) * gate(z, 2)(.tanh)
            states = [try gate(z, 3)(.sigmoid) * carry(.tanh), carry]
            known = .longShortTerm(activation: .tanh, gates: .sigmoid)
        } else {
            let sums = tape.term(x)
            let update = try (gate(inner, 0) + gate(sums, 0))(.sigmoid)
            let reset = try (gate(inner, 1) + gate(sums, 1))(.sigmoid)
            let new = try (reset * gate(inner, 2) + gate(sums, 2))(.tanh)
            states = [try update * tape.term(h) + (1 - update) * new]
            known = .gatedUnit(activation: .tanh, gates: .sigmoid)
        }
        body = tape.graph
        body.outputs = states.map(\.value.id) + (test.keeps ? [states[0].value.id] : [])
        let scan = Scan(body, sequences: 1, states: states.count, isReversed: test.isReversed, known: isKnown ? known : nil)
        var graph = OpGraph()
        var data: [Tensor] = []
        let all = try body.inputs.enumerated().map { index, id in
            let dims = body.values[id].shape.dims
            if index == 0, test.features > 0 {
                let tensor = try chance.grid([n, GatedScanTests.steps, test.features]).tensor(dtype)
                data.append(tensor)
                var operands = [graph.input(shape: tensor.shape, dtype: dtype)]
                operands.append(try graph.constant(chance.grid([test.features, gates * u]).tensor(dtype)))
                if test.hasBias { operands.append(try graph.constant(chance.grid([gates * u]).tensor(dtype))) }
                return try graph.emitAll(.matrixMultiply, operands, layer: "sums")[0]
            }
            let tensor = try chance.grid(index == 0 ? [n, GatedScanTests.steps, gates * u] : dims).tensor(dtype)
            if index > states.count { return graph.constant(tensor) }
            data.append(tensor)
            return graph.input(shape: tensor.shape, dtype: dtype)
        }
        graph.outputs = try graph.emitAll(.scan(scan), all, layer: "loop").map(\.id)
        return (graph, data)
    }

    @Test(arguments: cases + projected) func theBitsAreThoseOfTheBody(_ test: Case) throws {
        for options in everyOptions where !options.reference {
            func results(isKnown: Bool, threads: Int) throws -> [[Float]] {
                let (graph, data) = try loop(test, isKnown: isKnown, dtype: .float32)
                let options = RuntimeOptions(threads: threads, isa: options.isa, reference: false)
                let executable = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: options)
                return try executable.run(data).map { try $0.scalars(as: Float.self) }
            }
            let expected = try results(isKnown: false, threads: 1)
            #expect(try results(isKnown: true, threads: 1) == expected, "\(options)")
            for _ in 0..<4 { #expect(try results(isKnown: true, threads: 2) == expected, "two threads, \(options)") }
        }
        let (graph, data) = try loop(test, isKnown: true, dtype: .float64)
        let options = RuntimeOptions(threads: 2, isa: "generic", reference: false)
        let executable = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: options)
        let reference = RuntimeOptions(threads: 1, isa: "generic", reference: true)
        let plain = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: reference)
        for (a, b) in zip(try executable.run(data), try plain.run(data)) {
            #expect(difference(try a.scalars(as: Double.self), try b.scalars(as: Double.self)) < 1e-12)
        }
    }

    /// The product before a loop is part of it where the rows are worth it, and where both kernels stay in the cache.
    @Test func productsBecomePartsOfLoops() throws {
        func loops(_ test: Case) throws -> [Bool] {
            let store = ConstantStore()
            var draft = try Draft(try loop(test, isKnown: true, dtype: .float32).0, store: store) { _ in
                throw KerasError(.mismatch, "no weights")
            }
            draft.improve(store, fusions: .all)
            return draft.nodes.map { !$0.projection.isEmpty }
        }
        for test in GatedScanTests.projected { #expect(try loops(test) == [true], "\(test)") }
        for test in [
            Case(isLongShortTerm: true, rows: 7, units: 128, features: 24), Case(isLongShortTerm: false, rows: 8, units: 256, features: 24),
        ] {
            #expect(try loops(test) == [false, false], "\(test)")
        }
    }
}
