internal import CKernels
import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// The instruction sets this processor can run, and the reference plan.
let everyOptions: [RuntimeOptions] = {
    var count = 0
    let names = kk_isa_names(&count)
    let isas = (0..<count).map { String(cString: names[$0]) }.filter { kk_table_f32_named($0) != nil }
    return isas.map { RuntimeOptions(threads: 1, isa: $0, reference: false) } + [RuntimeOptions(threads: 1, isa: nil, reference: true)]
}()

/// The largest difference between numbers, relative where they are large. Not a number matches only itself.
func difference(_ a: [Double], _ b: [Double]) -> Double {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { worst, pair in
        if pair.0 == pair.1 || (pair.0.isNaN && pair.1.isNaN) { return worst }
        let difference = abs(pair.0 - pair.1) / (1 + abs(pair.1))
        return difference.isNaN ? .infinity : max(worst, difference)
    }
}

@Suite struct OpTests {
    /// Operands as inputs, and operands but the first as constants; single and double precision.
    @Test(arguments: OpCase.all) func everyPrimitiveAgainstPlainArithmetic(_ test: OpCase) throws {
        let operands = test.operands(seed: test.shapes.count)
        let expected = Plain.run(test.op, operands)
        for options in everyOptions {
            for dtype in [DType.float32, .float64] where dtype == .float32 || options.isa == "generic" {
                for constants in [false, true] where !constants || operands.count > 1 {
                    let result = try run(test, operands, dtype, constants: constants, options)
                    #expect(result.shape.dims == expected.shape)
                    let found = difference(try result.scalars(as: Double.self), expected.values)
                    // A constant kernel may meet Winograd, who rounds twice as much.
                    let bound = dtype == .float64 ? 1e-11 : constants ? 6e-5 : 3e-5
                    #expect(found < bound, "\(options) \(dtype) constants: \(constants)")
                }
            }
        }
    }

    private func run(_ test: OpCase, _ operands: [Grid], _ dtype: DType, constants: Bool, _ options: RuntimeOptions) throws -> Tensor {
        var graph = OpGraph()
        var inputs: [Tensor] = []
        let values = try operands.enumerated().map { index, operand in
            let type = test.isIndex(index) ? DType.int32 : dtype
            let tensor = try operand.tensor(type)
            if constants && index > 0 { return graph.constant(tensor) }
            inputs.append(tensor)
            return graph.input(shape: tensor.shape, dtype: type)
        }
        graph.outputs = [try graph.emit(test.op, values, layer: "layer").id]
        let executable = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: options)
        return try executable.run(inputs)[0]
    }

    /// Primitives that move numbers move integers too.
    @Test(arguments: OpCase.moves + OpCase.rows.prefix(0)) func movesOfIntegers(_ test: OpCase) throws {
        let operands = test.operands(seed: 5).map { Grid($0.shape, $0.values.map { ($0 * 1000).rounded() }) }
        var op = test.op
        if case .pad(let edges, _) = op { op = .pad(edges, value: -3) }
        var graph = OpGraph()
        let values = operands.map { graph.input(shape: Shape($0.shape), dtype: .int32) }
        graph.outputs = [try graph.emit(op, values, layer: "layer").id]
        let executable = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: .environment)
        let result = try executable.run(try operands.map { try $0.tensor(.int32) })[0]
        #expect(result.dtype == .int32)
        #expect(try result.scalars(as: Double.self) == Plain.run(op, operands).values)
    }

    @Test(arguments: [
        Op.softmax(axis: 2), .softmax(axis: -1), .logSoftmax(axis: 2), .reduce(.sum, axes: [2], keepDims: true), .concatenate(axis: 2),
    ])
    func axesThatAreNotThereAreRefused(_ op: Op) throws {
        var graph = OpGraph()
        let x = graph.input(shape: [2, 3], dtype: .float32)
        let error = #expect(throws: KerasError.self) { try graph.emit(op, [x], layer: "") }
        #expect(error?.problems.first?.kind == .mismatch)
    }

    /// Sums of integers that single precision could not hold.
    @Test func arithmeticOnIntegersIsExact() throws {
        var graph = OpGraph()
        let x = graph.input(shape: [3], dtype: .int32)
        graph.outputs = [try graph.emit(.binary(.add), [x, try graph.constant(Tensor([Int32(1)]))], layer: "").id]
        let executable = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: .environment)
        let result = try executable.run([try Tensor([Int32(16_777_216), -5, 2_000_000_000])])[0]
        #expect(try result.scalars(as: Int32.self) == [16_777_217, -4, 2_000_000_001])
    }

    @Test(arguments: [Int32(-1), 7, .max]) func indexOutsideTheTableIsNamed(_ index: Int32) throws {
        var graph = OpGraph()
        let table = graph.constant(try Tensor([Float](repeating: 1, count: 14), shape: [7, 2]))
        graph.outputs = [try graph.emit(.gather, [table, graph.input(shape: [2], dtype: .int32)], layer: "words").id]
        let executable = try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: .environment)
        let error = #expect(throws: KerasError.self) { try executable.run([try Tensor([Int32(3), index])]) }
        #expect(error?.description.contains("\(index)") == true && error?.description.contains("7 rows") == true)
        #expect(error?.problems.first?.place.layer == "words")
        #expect(error?.problems.first?.kind == .mismatch)
    }

    /// Half precision is kept as single and rounded after each primitive.
    @Test func halfPrecisionIsRounded() throws {
        for (dtype, one) in [(DType.float16, 1 + 1.0 / 1024), (.bfloat16, 1 + 1.0 / 128)] {
            var graph = OpGraph()
            let x = graph.input(shape: [2], dtype: dtype)
            let scaled = try graph.emit(.unary(.affine(scale: 1 + 1.0 / 4096, offset: 0)), [x], layer: "")
            graph.outputs = [try graph.emit(.binary(.subtract), [scaled, x], layer: "").id]
            let executable = try Executable(
                graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: .environment)
            let result = try executable.run([try Tensor([1.0, one]).converted(to: dtype)])[0]
            #expect(result.dtype == dtype)
            #expect(try result.scalars(as: Double.self) == [0, 0])
        }
    }
}
