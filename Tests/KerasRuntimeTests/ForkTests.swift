import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// Steps cut as finely as they can be, their parts run by several threads.
@Suite struct ForkTests {
    private func executable(_ graph: OpGraph, threads: Int, reference: Bool = false) throws -> Executable {
        try Executable(
            graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") },
            options: RuntimeOptions(threads: threads, isa: nil, reference: reference))
    }

    /// The bits of a step that was not cut, and what plain arithmetic gives.
    @Test(arguments: OpCase.all) func partsGiveTheBitsOfTheWhole(_ test: OpCase) throws {
        let operands = test.operands(seed: 9)
        for constants in [false, true] where !constants || operands.count > 1 {
            var graph = OpGraph()
            var inputs: [Tensor] = []
            let values = try operands.enumerated().map { index, operand in
                let type = test.isIndex(index) ? DType.int32 : .float32
                let tensor = try operand.tensor(type)
                if constants && index > 0 { return graph.constant(tensor) }
                inputs.append(tensor)
                return graph.input(shape: tensor.shape, dtype: type)
            }
            graph.outputs = [try graph.emit(test.op, values, layer: "").id]
            let whole = try executable(graph, threads: 1).run(inputs)[0].scalars(as: Float.self)
            #expect(difference(whole.map(Double.init), Plain.run(test.op, operands).values) < 3e-5)
            for threads in [1, 3] {
                let cut = try Parts.$worth.withValue(1e-12) { try executable(graph, threads: threads) }
                #expect(try cut.run(inputs)[0].scalars(as: Float.self).map(\.bitPattern) == whole.map(\.bitPattern))
            }
        }
    }

    /// So that the test above cannot pass because nothing is cut.
    @Test func largeStepsHaveManyPartsAndSmallOnesOne() throws {
        func parts(_ op: Op, _ shape: Shape) throws -> Int {
            var graph = OpGraph()
            graph.outputs = [try graph.emit(op, [graph.input(shape: shape, dtype: .float32)], layer: "").id]
            let plan = try executable(graph, threads: 1, reference: true).plan
            return try #require(plan as? Plan<Float>).parts[0]
        }
        let ops: [Op] = [
            .unary(.exp), .reduce(.mean, axes: [1, 2], keepDims: false), .reduce(.max, axes: [3], keepDims: false), .softmax(axis: 3),
            .pool(Pool(.max, window: [2, 2], strides: [2, 2], padding: [.none, .none])), .transpose([0, 3, 1, 2]),
            .transpose([0, 2, 1, 3]),
            .cast(.int32), .concatenate(axis: 3), .sparsemax,
        ]
        for op in ops {
            #expect(try parts(op, [32, 32, 32, 32]) > 4, "\(op)")
            #expect(try parts(op, [2, 4, 4, 4]) == 1, "\(op)")
        }
    }
}
