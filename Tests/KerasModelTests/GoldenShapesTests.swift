import Foundation
import JSON
import Tensors
import Testing

@testable import KerasModel

/// Every layer of `Fixtures/layers/shapes*.json`, which real Keras configured and built.
@Suite struct GoldenShapesTests {
    @Test(arguments: GoldenLayer.all) func aLayerIsReadBuiltAndWrittenAsKerasDoes(_ golden: GoldenLayer) throws {
        let layer = try golden.layer()
        #expect(layer.base.unknownKeys.isEmpty, "unknown keys: \(layer.base.unknownKeys.keys)")

        let written = JSON.object(try layer.encoded(in: EncodingContext(dialect: golden.dialect)))
        #expect(written.serialized() == JSON.object(golden.config).serialized())

        #expect(try layer.outputShapes(golden.inputs) == golden.outputs)
        let weights = try modelOf(layer, golden.inputs).allWeights(of: layer).map(\.spec)
        #expect(weights.map(\.name) == golden.weights.map(\.name))
        #expect(weights.map(\.shape) == golden.weights.map(\.shape))
        #expect(weights.map { layer.base.trainable && $0.isTrainable } == golden.weights.map(\.isTrainable))
        #expect(weights.map { $0.dtype ?? layer.base.dtype.variable } == golden.weights.map(\.dtype))
    }

    /// Lowering checks shapes by itself: what comes out must be a shape that was foretold.
    @Test(arguments: GoldenLayer.all) func aLayerIsLoweredToWhatWasForetold(_ golden: GoldenLayer) throws {
        let layer = try golden.layer()
        // Open lengths are made 5, which every window and every given axis of the cases admits.
        let shapes = golden.inputs.map { shape in Shape(shape.dims.enumerated().map { $1 ?? ($0 == 0 ? 2 : golden.openLength) }) }
        let graph = try lowered(layer, shapes)
        #expect(graph.outputs.count == golden.outputs.count)
        for (output, foretold) in zip(graph.outputs, golden.outputs) {
            let shape = graph.values[output].shape
            #expect(foretold.admits(shape), "\(shape) for \(foretold)")
            #expect(graph.values[output].dtype == .float32)
        }
    }
}

/// A model of this layer alone, lowered for these input shapes.
func lowered(_ layer: any Layer, _ shapes: [Shape], keywords: JSONObject = [:]) throws -> OpGraph {
    try modelOf(layer, shapes.map { SymbolicShape($0) }, keywords: keywords).lowered(for: shapes)
}

/// A model of this layer alone, with all its outputs.
func modelOf(_ layer: any Layer, _ shapes: [SymbolicShape], keywords: JSONObject = [:]) throws -> BuiltModel {
    let inputs = shapes.enumerated().map { InputLayer(batchShape: $1, name: "input_\($0)") }
    let references = inputs.map { Tree.leaf(TensorRef(layer: $0.id)) }
    var calls: [LayerID: [Call]] = [layer.id: [Call(references.count == 1 ? references : [.list(references)], keywords: keywords)]]
    for input in inputs { calls[input.id] = [Call([])] }
    let count = type(of: layer).inputCount.contains(shapes.count) ? try layer.outputShapes(shapes).count : 1
    let outputs = (0..<max(count, 1)).map { Tree.leaf(TensorRef(layer: layer.id, output: $0)) }
    let model = Architecture(
        functional: "model", layers: inputs + [layer], calls: calls, inputs: .list(references),
        outputs: outputs.count == 1 ? outputs[0] : .list(outputs))
    return try BuiltModel(ModelLayer(model))
}

/// One line of such a file.
struct GoldenLayer: Sendable, CustomTestStringConvertible {
    let dialect: Dialect
    let className: String
    let config: JSONObject
    let inputs: [SymbolicShape]
    let outputs: [SymbolicShape]
    let weights: [(name: String, shape: Shape, dtype: DType, isTrainable: Bool)]

    var testDescription: String { "\(dialect.rawValue) \(className) \(inputs.map(\.description).joined(separator: " "))" }

    /// Inputs of one layer must agree where they are open, or one of them is the known length.
    var openLength: Int { inputs.count > 1 ? 3 : 5 }

    func layer() throws -> any Layer {
        let type = try #require(LayerRegistry.keras[className], "no such layer")
        return try type.decoded(config, in: DecodingContext(dialect: dialect, registry: .keras))
    }

    init(_ json: JSON) throws {
        let object = try #require(json.object)
        dialect = try #require(object["dialect"]?.string.flatMap(Dialect.init))
        className = try #require(object["class_name"]?.string)
        config = try #require(object["config"]?.object)
        let context = DecodingContext(dialect: dialect, registry: .keras)
        inputs = try [SymbolicShape](config: object["inputs"] ?? [], in: context)
        outputs = try [SymbolicShape](config: object["outputs"] ?? [], in: context)
        weights = try (object["weights"]?.array ?? []).map { weight in
            (
                try #require(weight["name"]?.string), Shape(try [Int](config: weight["shape"] ?? [], in: context)),
                try #require(weight["dtype"]?.string.flatMap { DType(name: $0) }), weight["trainable"] == true
            )
        }
    }

    static let all: [GoldenLayer] = {
        let folder = package.appending(path: "Fixtures/layers")
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return files.filter { $0.lastPathComponent.hasPrefix("shapes") }.sorted { $0.path < $1.path }.flatMap { file in
            let rows = try! JSON(parsing: [UInt8](Data(contentsOf: file))).array ?? []
            return rows.map { try! GoldenLayer($0) }
        }
    }()
}

/// The package's own folder, found from this file's place in it.
let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
