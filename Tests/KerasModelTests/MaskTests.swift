import JSON
import Tensors
import Testing

@testable import KerasModel

/// Where masks come from and how far they go; what they do to numbers is Keras's to judge (`Tests/Interop`).
@Suite struct MaskTests {
    private let embedding = Embedding(9, 4, maskZero: true, name: "e")

    private func lowered(_ layers: [any Layer], for phase: Phase = .predict) throws -> OpGraph {
        let model = Architecture(sequential: "model", layers: layers, input: InputLayer(batchShape: [nil, 5], name: "input"))
        return try BuiltModel(ModelLayer(model)).lowered(for: [[2, 5]], phase: phase)
    }

    /// Whether a mean over the steps after these layers leaves steps out.
    private func reachesMean(_ layers: [any Layer]) throws -> Bool {
        let graph = try lowered(layers + [GlobalAveragePooling1D(name: "mean")])
        return graph.nodes.contains { $0.op == .binary(.gate) }
    }

    @Test func aMaskReachesWhatLooksAtIt() throws {
        #expect(try reachesMean([embedding]))
        #expect(try reachesMean([embedding, Dropout(0.5, name: "d"), Dense(3, name: "d2")]))
        #expect(try reachesMean([embedding, Masking(name: "m")]))
        #expect(try !reachesMean([Embedding(9, 4, name: "e")]))
        #expect(try !reachesMean([embedding, Conv1D(3, 1, name: "c")]))
        #expect(try !reachesMean([embedding, Reshape(5, 4, name: "r")]))
    }

    @Test func aMaskGoesIntoAndOutOfANestedModel() throws {
        let inner = Architecture(sequential: "inner", layers: [Dense(3, name: "d")], input: InputLayer(batchShape: [nil, 5, 4]))
        #expect(try reachesMean([embedding, ModelLayer(inner)]))
        let first = Architecture(sequential: "inner", layers: [embedding], input: InputLayer(batchShape: [nil, 5]))
        #expect(try reachesMean([ModelLayer(first)]))
    }

    @Test func aMaskThatDoesNotFitIsRefused() {
        #expect(throws: KerasError.self) { try lowered([embedding, Softmax(name: "s")]) }
    }

    @Test func aMaskThatReachesAnOutputIsGivenToLosses() throws {
        func masks(_ layers: [any Layer]) throws -> [Bool] {
            let model = Architecture(sequential: "model", layers: layers, input: InputLayer(batchShape: [nil, 5], name: "input"))
            return try BuiltModel(ModelLayer(model)).loweredModel(for: [[2, 5]], phase: .evaluate).masks.map { $0 != nil }
        }
        #expect(try masks([embedding, Dense(2, name: "d")]) == [true])
        #expect(try masks([embedding, Flatten(name: "f")]) == [false])
    }

    /// Its mask is no operand: the layer sees it as what its input carries, in whatever way the input was made.
    @Test(arguments: Dialect.allCases) func aMaskGivenByKeywordCounts(_ dialect: Dialect) throws {
        let inputs = [InputLayer(batchShape: [2, 5, 4], name: "x"), InputLayer(batchShape: [2, 5], name: "m")]
        let tensors = inputs.map { TensorRef(layer: $0.id) }
        var mean = GlobalAveragePooling1D(name: "mean")
        mean.base.dialect = dialect
        let call = Call([.leaf(tensors[0])], keywordTensors: [("mask", .leaf(tensors[1]))])
        let model = Architecture(
            functional: "model", layers: inputs + [mean], calls: [inputs[0].id: [Call([])], inputs[1].id: [Call([])], mean.id: [call]],
            inputs: .list(tensors.map(Tree.leaf)), outputs: .leaf(TensorRef(layer: mean.id)))
        let built = try BuiltModel(ModelLayer(model))
        #expect(built.outputShapes == [[2, 4]])
        let ops = try built.lowered(for: [[2, 5, 4], [2, 5]]).nodes.map(\.op)
        #expect(ops.contains(.binary(dialect == .keras3 ? .gate : .multiply)))
    }

    /// Keras 3 counts where any input does, if all have a mask; before, where all do that have one.
    @Test(arguments: [false, true], [false, true]) func aSumHasTheMaskOfItsInputs(_ isOlder: Bool, _ bothMasked: Bool) throws {
        let input = InputLayer(batchShape: [2, 5], name: "x")
        let layers = [embedding, Embedding(9, 4, maskZero: bothMasked, name: "f")]
        var sum = Add(name: "sum")
        sum.base.dialect = isOlder ? .tfKeras : .keras3
        let mean = GlobalAveragePooling1D(name: "mean")
        let source = TensorRef(layer: input.id)
        let model = Architecture(
            functional: "model", layers: [input] + layers + [sum, mean] as [any Layer],
            calls: [
                input.id: [Call([])], layers[0].id: [Call([.leaf(source)])], layers[1].id: [Call([.leaf(source)])],
                sum.id: [Call([.list(layers.map { .leaf(TensorRef(layer: $0.id)) })])], mean.id: [Call([.leaf(TensorRef(layer: sum.id))])],
            ], inputs: .leaf(source), outputs: .leaf(TensorRef(layer: mean.id)))
        let ops = try BuiltModel(ModelLayer(model)).lowered(for: [[2, 5]]).nodes.map(\.op)
        #expect(ops.contains(.binary(.gate)) == (isOlder || bothMasked))
        #expect(ops.contains(.binary(.minimum)) == (isOlder && bothMasked))
        #expect(ops.contains(.binary(.maximum)) == (!isOlder && bothMasked))
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
