import JSON
import Tensors
import Testing

@testable import KerasModel

/// Masks are not run yet: what would look at one is refused by name, and nothing else is.
@Suite struct MaskTests {
    private func lowered(_ layers: [any Layer], for phase: Phase = .predict) throws {
        let model = Architecture(sequential: "model", layers: layers, input: InputLayer(batchShape: [nil, 5], name: "input"))
        _ = try BuiltModel(ModelLayer(model)).lowered(for: [[2, 5]], phase: phase)
    }

    private func refusal(_ layers: [any Layer], for phase: Phase = .predict) -> Problem? {
        do {
            try lowered(layers, for: phase)
            return nil
        } catch {
            return (error as? KerasError)?.problems.first
        }
    }

    @Test func withoutMaskNothingIsRefused() throws {
        try lowered([Embedding(9, 4, name: "e"), Softmax(name: "s"), Dense(2, name: "d")])
    }

    @Test(arguments: [0, 1]) func aMaskIsRefusedWhereItWouldBeUsed(_ between: Int) {
        let layers: [any Layer] =
            [Embedding(9, 4, maskZero: true, name: "e")] + Array(repeating: Dropout(0.5, name: "d") as any Layer, count: between)
        let problem = refusal(layers + [Softmax(name: "s")])
        #expect(problem?.kind == .unsupported)
        #expect(problem?.place.layer == "s")
    }

    /// A loss would look at the mask of an output; predicting does not.
    @Test func aMaskIsRefusedAtAnOutputThatIsEvaluated() throws {
        let layers: [any Layer] = [Embedding(9, 4, maskZero: true, name: "e"), Dense(2, name: "d")]
        try lowered(layers)
        let problem = refusal(layers, for: .evaluate)
        #expect(problem?.kind == .unsupported)
        #expect(problem?.place.layer == "d")
    }

    @Test func aMaskGoesThroughANestedModel() throws {
        let inner = Architecture(
            sequential: "inner", layers: [Dense(3, name: "d"), Softmax(name: "s")], input: InputLayer(batchShape: [nil, 5, 4]))
        let problem = refusal([Embedding(9, 4, maskZero: true, name: "e"), ModelLayer(inner)])
        #expect(problem?.kind == .unsupported)
        #expect(problem?.place.layer == "inner/s")
    }

    @Test func trainingModeIsRefusedOfOlderGenerationsAlone() throws {
        for dialect in Dialect.allCases {
            let context = DecodingContext(dialect: dialect, registry: .keras)
            let layer = try Dropout.decoded(["name": "d", "rate": 0.5], in: context)
            if dialect == .keras3 {
                _ = try KerasModelTests.lowered(layer, [[2, 4]], keywords: ["training": true])
            } else {
                #expect(throws: KerasError.self) { try KerasModelTests.lowered(layer, [[2, 4]], keywords: ["training": true]) }
            }
            _ = try KerasModelTests.lowered(layer, [[2, 4]], keywords: ["training": false])
        }
    }

    /// Half precision has no 4099: the indices must come as they are.
    @Test func indicesAreNotCastToHalfPrecision() throws {
        var layer = Embedding(5000, 4, name: "e")
        layer.base.dtype = DTypePolicy(.float16)
        let graph = try KerasModelTests.lowered(layer, [[2, 5]])
        let casts = graph.nodes.filter { $0.op == .cast(.float16) }
        #expect(casts.allSatisfy { node in graph.values[node.inputs[0]].shape == [5000, 4] })
    }
}
