import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// What a primitive's operands get, against numbers: along a direction the result must change as the gradient says.
@Suite struct GradientTests {
    static let cases = OpCase.all.filter { $0.op.isDifferentiable && !$0.isCastToInteger }

    @Test(arguments: cases) func everyPrimitiveAgainstDifferences(_ test: OpCase) throws {
        var test = test
        // Ties and whole numbers are kinks.
        if test.isCoarse { test.prepare = { $0 == 0 && $1 < 0 ? $1 - 0.05 : $1 + 0.05 } }
        let operands = test.operands(seed: 11)
        let given = try operands.enumerated().map { try $1.tensor(test.isIndex($0) ? .int32 : .float64) }
        var graph = OpGraph()
        let values = given.map { graph.input(shape: $0.shape, dtype: $0.dtype) }
        let y = try graph.emit(test.op, values, layer: "layer")
        guard y.dtype.isFloatingPoint else { return }
        var chance = Chance(3)
        let seed = try chance.grid(y.shape.dims).tensor(y.dtype)
        var forward = graph
        forward.outputs = [y.id]
        let dy = graph.input(shape: y.shape, dtype: y.dtype)
        let wanted = values.indices.filter { !test.isIndex($0) }
        let gradients = try graph.addGradients(of: y.id, seed: dy.id, for: wanted.map { values[$0].id })
        // An operand that the result does not hang on, such as a gate's condition, gets nothing.
        graph.outputs = gradients.compactMap { $0 }
        let found = try run(graph, given + [seed])
        var next = 0
        for (operand, gradient) in zip(wanted, gradients) {
            let direction = Direction(test.shapes[operand], &chance)
            let slope = try direction.slope { try self.value(forward, given, operand, $0, seed) }
            guard gradient != nil else {
                #expect(abs(slope.value) <= 1e-6, "operand \(operand) gets nothing, and should")
                continue
            }
            let expected = direction.dot(try found[next].scalars(as: Double.self))
            #expect(found[next].shape.dims == test.shapes[operand])
            #expect(
                abs(expected - slope.value) <= 1e-6 * (1 + slope.scale), "operand \(operand): \(expected), by differences \(slope.value)")
            next += 1
        }
    }

    private func run(_ graph: OpGraph, _ inputs: [Tensor]) throws -> [Tensor] {
        let options = RuntimeOptions(threads: 1, isa: "generic", reference: false)
        let executable = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: options)
        return try executable.run(inputs)
    }

    /// `Σ seed · op(…)` with an operand moved.
    private func value(_ graph: OpGraph, _ inputs: [Tensor], _ operand: Int, _ move: [Double], _ seed: Tensor) throws -> (Double, Double) {
        var inputs = inputs
        let moved = zip(try inputs[operand].scalars(as: Double.self), move).map { $0 + $1 }
        inputs[operand] = try Tensor(moved, shape: inputs[operand].shape)
        let terms = zip(try run(graph, inputs)[0].scalars(as: Double.self), try seed.scalars(as: Double.self)).map { $0 * $1 }
        return (terms.reduce(0, +), terms.reduce(0) { $0 + abs($1) })
    }

    @Test func whatIsReadTwiceGetsBoth() throws {
        var graph = OpGraph()
        let x = graph.input(shape: [3], dtype: .float64)
        let square = try graph.emit(.binary(.multiply), [x, x], layer: "")
        let y = try graph.emit(.binary(.add), [square, x], layer: "")
        let seed = graph.constant(try Tensor([1.0, 1, 1]))
        graph.outputs = try graph.addGradients(of: y.id, seed: seed.id, for: [x.id]).compactMap { $0 }
        #expect(try run(graph, [try Tensor([1.0, 2, -3])])[0].scalars(as: Double.self) == [3, 5, -5])
    }

    /// The first of several largest cells has it all; those of a reduction share.
    @Test func tiesAreBrokenAsInTensorFlow() throws {
        let ones = Grid([1, 2, 2, 1], [1, 1, 0, 1])
        #expect(try gradient(.pool(Pool(.max, window: [2, 2], strides: [2, 2], padding: [.none, .none])), ones) == [1, 0, 0, 0])
        #expect(try gradient(.reduce(.max, axes: [0, 1, 2, 3], keepDims: false), ones) == [1.0 / 3, 1.0 / 3, 0, 1.0 / 3])
        #expect(try gradient(.unary(.relu()), Grid([3], [-1, 0, 1])) == [0, 0, 1])
        #expect(try gradient(.reduce(.product, axes: [0], keepDims: false), Grid([3], [2, 0, 3])) == [0, 6, 0])
        #expect(try gradient(.reduce(.product, axes: [0], keepDims: false), Grid([3], [2, 0, 0])) == [0, 0, 0])
    }

    private func gradient(_ op: Op, _ x: Grid) throws -> [Double] {
        var graph = OpGraph()
        let input = graph.input(shape: Shape(x.shape), dtype: .float64)
        let y = try graph.emit(op, [input], layer: "")
        let seed = graph.constant(try Tensor([Double](repeating: 1, count: y.shape.count), shape: y.shape))
        graph.outputs = try graph.addGradients(of: y.id, seed: seed.id, for: [input.id]).compactMap { $0 }
        return try run(graph, [try x.tensor(.float64)])[0].scalars(as: Double.self)
    }

    /// The same numbers in single precision on every instruction set, on one thread and on three.
    @Test(arguments: cases) func everyInstructionSetAndNumberOfThreads(_ test: OpCase) throws {
        let operands = test.operands(seed: 7)
        func gradients(_ dtype: DType, _ options: RuntimeOptions) throws -> [[Double]] {
            var graph = OpGraph()
            let given = try operands.enumerated().map { try $1.tensor(test.isIndex($0) ? .int32 : dtype) }
            let values = given.map { graph.input(shape: $0.shape, dtype: $0.dtype) }
            let y = try graph.emit(test.op, values, layer: "layer")
            var chance = Chance(4)
            let seed = graph.constant(try chance.grid(y.shape.dims).tensor(y.dtype))
            let wanted = values.indices.filter { !test.isIndex($0) }
            graph.outputs = try graph.addGradients(of: y.id, seed: seed.id, for: wanted.map { values[$0].id }).compactMap { $0 }
            let executable = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: options)
            return try executable.run(given).map { try $0.scalars(as: Double.self) }
        }
        let exact = try gradients(.float64, RuntimeOptions(threads: 1, isa: "generic", reference: true))
        for options in everyOptions {
            let found = try Parts.$worth.withValue(1e-9) { try gradients(.float32, options) }
            let forked = try Parts.$worth.withValue(1e-9) {
                try gradients(.float32, RuntimeOptions(threads: 3, isa: options.isa, reference: options.reference))
            }
            #expect(found == forked)
            for (a, b) in zip(found, exact) { #expect(difference(a, b) < 1e-3, "\(options)") }
        }
    }
}

/// A way to go, and how the value changes along it.
private struct Direction {
    let step: [Double]

    init(_ shape: [Int], _ chance: inout Chance) { step = chance.grid(shape).values }

    func dot(_ gradient: [Double]) -> Double { zip(step, gradient).reduce(0) { $0 + $1.0 * $1.1 } }

    /// Central differences.
    func slope(_ value: ([Double]) throws -> (value: Double, scale: Double)) throws -> (value: Double, scale: Double) {
        let h = 1e-6
        let (up, down) = (try value(step.map { h * $0 }), try value(step.map { -h * $0 }))
        return ((up.value - down.value) / (2 * h), max(up.scale, down.scale))
    }
}

extension OpCase {
    fileprivate var isCastToInteger: Bool {
        if case .cast(let dtype) = op { return !dtype.isFloatingPoint }
        return false
    }

    /// Its operands are rounded, so that some are equal.
    fileprivate var isCoarse: Bool {
        switch op {
        case .binary(.power), .binary(.divide): false
        case .binary: true
        default: false
        }
    }
}
