import JSON
import Tensors
import Testing

@testable import KerasModel

/// Operations apart from real Keras, which `Tests/Interop/operations.py` asks.
@Suite struct OperationTests {
    /// A model of one operation of inputs with these shapes.
    private func built(_ layer: any Layer, _ shapes: [SymbolicShape], _ form: CallForm) throws -> BuiltModel {
        let inputs = shapes.enumerated().map { InputLayer(batchShape: $1, name: "input_\($0)") }
        let references = inputs.map { TensorRef(layer: $0.id) }
        var calls: [LayerID: [Call]] = [layer.id: [Call(references.map(Tree.leaf), form: form)]]
        for input in inputs { calls[input.id] = [Call([])] }
        return try BuiltModel(
            ModelLayer(
                Architecture(
                    functional: "model", layers: inputs + [layer], calls: calls, inputs: .list(references.map(Tree.leaf)),
                    outputs: .leaf(TensorRef(layer: layer.id)))))
    }

    private func shape(_ symbol: String, _ shapes: [SymbolicShape], _ form: CallForm) throws -> SymbolicShape {
        try built(TFOpLambda(symbol).named("op"), shapes, form).outputShapes[0]
    }

    @Test func signaturesAreRead() throws {
        let signature = Signature("ConcatV2(*x:values, axis, N)")
        #expect(signature.name == "ConcatV2")
        #expect(signature.parameters.map(\.name) == ["x", "axis", "N"])
        #expect(signature.parameters.map(\.written) == ["values", "axis", "N"])
        let arguments = try signature.arguments(
            of: CallForm([.tensor(0), .tensor(1), .value(-1)], keywords: [("N", .value(2))]))
        #expect(arguments["x"]?.items?.count == 2)
        #expect(throws: KerasError.self) { try signature.arguments(of: CallForm([.tensor(0)], keywords: [("novelty", .value(1))])) }
    }

    @Test func noNameMeansTwoThings() {
        for vocabulary in [Operation.Vocabulary.keras3, .tensorflow, .graph] {
            let names = knownOperations.flatMap(\.names).filter { $0.vocabulary == vocabulary }.map(\.signature.name)
            #expect(Set(names).count == names.count)
        }
    }

    /// The first of TensorFlow's layers have their node in a message's bytes.
    @Test func aNodeInBytesIsRead() throws {
        let bytes = "\n\u{3}Sum\u{12}\u{3}Sum*\u{F}\n\u{9}keep_dims\u{12}\u{2}(\u{1}*\u{A}\n\u{4}Tidx\u{12}\u{2}0\u{3}"
        let json: JSON = [
            "name": "Sum", "op": "Sum", "attr": ["keep_dims": ["b": true], "Tidx": ["type": "DT_INT32"]],
        ]
        #expect(try NodeDefinition.json(bytes) == json)
        for node in [JSON.string(bytes), json] {
            var layer = TensorFlowOpLayer(node: node)
            layer.constants = ["1": [1]]
            layer.base.name = "sum"
            #expect(try built(layer, [[nil, 4, 6]], CallForm([.tensor(0)])).outputShapes == [[nil, 1, 6]])
        }
        for length in 1..<bytes.utf8.count { _ = try? NodeDefinition.json(String(decoding: bytes.utf8.prefix(length), as: UTF8.self)) }
        #expect(throws: KerasError.self) { try NodeDefinition.json("\u{12}\u{7F}Sum") }
    }

    @Test func openLengthsStayOpen() throws {
        let x: SymbolicShape = [nil, 4, 6]
        func expect(_ symbol: String, _ keywords: [(name: String, value: CallArgument)], _ result: SymbolicShape) throws {
            #expect(try shape(symbol, [x], CallForm([.tensor(0)], keywords: keywords)) == result)
        }
        try expect("math.add", [("y", .value(3.0))], [nil, 4, 6])
        try expect("reshape", [("shape", .value([-1, 24]))], [nil, 24])
        try expect("math.reduce_mean", [("axis", .value([1, 2])), ("keepdims", .value(true))], [nil, 1, 1])
        try expect("math.reduce_mean", [("axis", .value(0))], [4, 6])
        try expect("compat.v1.shape", [], [3])
        try expect("tile", [("multiples", .value([2, 1, 1]))], [nil, 4, 6])
    }

    /// `tf.reshape(x, (tf.shape(x)[0], 24))`: a shape that other operations compute.
    @Test func shapesAreComputedByOperations() throws {
        let input = InputLayer(batchShape: [nil, 4, 6], name: "x")
        let (size, first, reshape) = (
            TFOpLambda("shape").named("s"), TFOpLambda("__operators__.getitem").named("f"), TFOpLambda("reshape").named("r")
        )
        func reference(_ layer: any Layer) -> TensorRef { TensorRef(layer: layer.id) }
        let calls: [LayerID: [Call]] = [
            input.id: [Call([])], size.id: [Call([.leaf(reference(input))], form: CallForm([.tensor(0)]))],
            first.id: [Call([.leaf(reference(size))], form: CallForm([.tensor(0)], keywords: [("slice_spec", .value(0))]))],
            reshape.id: [
                Call(
                    [.leaf(reference(input)), .leaf(reference(first))],
                    form: CallForm([.tensor(0)], keywords: [("shape", .list([.tensor(1), .value(24)]))]))
            ],
        ]
        let model = try BuiltModel(
            ModelLayer(
                Architecture(
                    functional: "m", layers: [input, size, first, reshape], calls: calls, inputs: .leaf(reference(input)),
                    outputs: .leaf(reference(reshape)))))
        #expect(model.outputShapes == [[nil, 24]])
        let graph = try model.lowered(for: [[5, 4, 6]])
        #expect(graph.values[graph.outputs[0]].shape == [5, 24])
        // Nothing of the shape is left to be computed.
        #expect(graph.nodes.map(\.op) == [.reshape([5, 24])])
    }

    @Test func whatIsNotKnownIsRefusedByName() throws {
        #expect {
            try shape("math.bessel_i0", [[nil, 3]], CallForm([.tensor(0)]))
        } throws: { error in
            let problem = (error as? KerasError)?.problems.first
            return problem?.kind == .unsupported && problem?.found == "'math.bessel_i0'" && problem?.place.layer == "op"
        }
        #expect(throws: KerasError.self) { try shape("reshape", [[nil, 3]], CallForm([.tensor(0)], keywords: [("order", .value("F"))])) }
    }

    /// Whatever a file gives an operation: an error at most.
    @Test(arguments: [Operation.Vocabulary.keras3, .tensorflow, .graph]) func nothingTraps(_ vocabulary: Operation.Vocabulary) throws {
        let huge = JSON.integer(Int.max)
        let junk: [JSON] = [
            nil, true, 0, -1, 3, huge, .integer(Int.min), 1e300, -0.5, "", "same", [], [0], [-1, 5], [huge, huge], [[1]],
            [[1, -2], [huge, 3]],
            ["start": 1, "stop": 0, "step": 0], ["start": nil, "stop": huge, "step": -2], ["class_name": "__ellipsis__"], .float(.nan),
        ]
        let shapes: [[SymbolicShape]] = [[[nil, 4, 6], [nil, 4, 6]], [[nil, 0, 3, 2], []], [[2], [nil, 3]]]
        for name in Operation.names(in: vocabulary) {
            let signature = try #require(Operation.named(name, in: vocabulary)).signature
            for (number, value) in junk.enumerated() {
                let other = junk[(number * 7 + 3) % junk.count]
                let inputs = shapes[number % 3]
                let keywords = signature.parameters.dropFirst().enumerated().map {
                    (name: $1.written, value: CallArgument.value($0 % 2 == 0 ? value : other))
                }
                _ = try? built(Probe(name, vocabulary), inputs, CallForm([.tensor(0)], keywords: keywords))
                let positional: [CallArgument] =
                    number % 2 == 0
                    ? [.tensor(0), .tensor(1), .value(value), .value(other)] : [.list([.tensor(0), .value(value)]), .value(other)]
                _ = try? built(Probe(name, vocabulary), inputs, CallForm(positional))
            }
        }
    }

    private struct Probe: OperationLayer {
        static let className = "Probe"
        static let blank = Probe("", .keras3)
        static let keys: [ConfigKey<Probe>] = []
        var base = LayerBase()
        let function: Function

        init(_ name: String, _ vocabulary: Operation.Vocabulary) {
            function = Function(name: name, vocabulary: vocabulary)
            base.name = "op"
        }
    }
}
