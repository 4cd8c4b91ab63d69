import Foundation
import JSON
import KerasModel
import Tensors
import Testing

@testable import KerasRuntime

/// What inputs and weights of each layer get in a step of training, against numbers: along a direction the result must change as the gradient
/// says. The layers are those of `Fixtures/layers`, so that one is tested by being listed there.
@Suite struct LayerGradientTests {
    @Test func everyKnownLayerIsListed() {
        let listed = Set(TrainedLayer.all.map(\.className))
        #expect(listed.count > 60)
    }

    @Test(arguments: TrainedLayer.all) func everyLayerAgainstDifferences(_ test: TrainedLayer) throws {
        let model = try test.model()
        let shapes = test.shapes
        let lowered = try model.loweredModel(for: shapes, phase: .train)
        var chance = Chance(test.testDescription.count)
        var graph = lowered.graph
        let entries = model.tree(of: model.root).all.filter { graph.value(of: $0.id) != nil }
        _ = graph.makeInputs(of: entries.map(\.id))

        // The model's inputs, the seed, the weights.
        let given = try graph.inputs.enumerated().map { index, value in
            let info = graph.values[value]
            if lowered.isRandom, index == shapes.count { return try Tensor([Int32(7), 0, 3, 0]) }
            let numbers = chance.grid(info.shape.dims).values
            guard info.dtype.isFloatingPoint else { return try Tensor(numbers.map { Int32(abs($0) * 2) }, shape: info.shape) }
            // What is drawn may be a variance; what is looked up, a class.
            let low = index >= shapes.count || test.takesIndices ? 0.5 : -1.0
            return try Tensor(numbers.map { low < 0 ? $0 : abs($0) + low }, shape: info.shape).converted(to: info.dtype)
        }
        let outputs = graph.outputs.filter { graph.values[$0].dtype.isFloatingPoint }
        let seeds = try outputs.map { try chance.grid(graph.values[$0].shape.dims).tensor(graph.values[$0].dtype) }
        var forward = graph
        forward.outputs = outputs
        // A weight that something stands in the place of gets that value's gradient: no slope of its own.
        var replaced = Set(lowered.replaced.keys.compactMap { graph.value(of: $0) })
        // Nothing goes back through how a batch is renormalized.
        if test.config["renorm"] == true {
            replaced.formUnion(graph.inputs.prefix(shapes.count))
            replaced.formUnion(entries.filter { !$0.isTrained }.compactMap { graph.value(of: $0.id) })
        }
        let wanted = graph.inputs.indices.filter { index in
            let value = graph.inputs[index]
            return graph.values[value].dtype.isFloatingPoint && !(test.takesIndices && index == 0) && !replaced.contains(value)
        }
        let targets = zip(outputs, seeds).map { (value: $0, seed: graph.constant($1).id) }
        let gradients = try graph.addGradients(of: targets, for: wanted.map { graph.inputs[$0] })
        graph.outputs = gradients.compactMap { $0 }
        var found = try run(graph, given)[...]
        for (input, gradient) in zip(wanted, gradients) {
            let shape = given[input].shape.dims
            let step = chance.grid(shape).values
            let slope = try self.slope(forward, given, input, step, seeds)
            guard gradient != nil, let own = found.popFirst() else {
                #expect(abs(slope.value) <= 1e-6 * (1 + slope.scale), "input \(input) gets nothing, and should")
                continue
            }
            let expected = zip(step, try own.scalars(as: Double.self)).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(own.shape.dims == shape)
            #expect(
                abs(expected - slope.value) <= 2e-6 * (1 + slope.scale), "input \(input): \(expected), by differences \(slope.value)")
        }
    }

    private func run(_ graph: OpGraph, _ inputs: [Tensor]) throws -> [Tensor] {
        let options = RuntimeOptions(threads: 1, isa: "generic", reference: false)
        return try Executable(graph: graph, weights: { _ in throw KerasError(.mismatch, "no weights") }, options: options).run(inputs)
    }

    /// Central differences of `Σ seed · output`.
    private func slope(_ graph: OpGraph, _ inputs: [Tensor], _ moved: Int, _ step: [Double], _ seeds: [Tensor]) throws -> (
        value: Double, scale: Double
    ) {
        let h = 1e-6
        let at = try inputs[moved].scalars(as: Double.self)
        let sums = try [h, -h].map { h in
            var inputs = inputs
            inputs[moved] = try Tensor(zip(at, step).map { $0 + h * $1 }, shape: inputs[moved].shape)
            var (sum, scale) = (0.0, 0.0)
            for (output, seed) in zip(try run(graph, inputs), seeds) {
                for (y, s) in zip(try output.scalars(as: Double.self), try seed.scalars(as: Double.self)) {
                    sum += y * s
                    scale += abs(y * s)
                }
            }
            return (sum, scale)
        }
        return ((sums[0].0 - sums[1].0) / (2 * h), sums[0].1)
    }
}

/// A layer that real Keras configured, alone in a model of double precision.
struct TrainedLayer: Sendable, CustomTestStringConvertible {
    let dialect: Dialect
    let className: String
    let config: JSONObject
    let shapes: [Shape]

    var testDescription: String { "\(dialect.rawValue) \(className) \(shapes)" }
    /// Its inputs are numbers of rows.
    var takesIndices: Bool { className.hasSuffix("Embedding") }

    static let all: [TrainedLayer] = {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let folder = root.appending(path: "Fixtures/layers")
        let files = ["shapes.json", "shapes_core.json", "shapes_recurrent.json", "shapes_attention.json"]
        return files.flatMap { name -> [TrainedLayer] in
            guard let data = try? Data(contentsOf: folder.appending(path: name)),
                let json = try? JSON(parsing: String(decoding: data, as: UTF8.self))
            else { return [] }
            return (json.array ?? []).compactMap(TrainedLayer.init)
        }
    }()

    init?(_ json: JSON) {
        guard let dialect = json["dialect"]?.string.flatMap(Dialect.init), let name = json["class_name"]?.string,
            let config = json["config"]?.object, let inputs = json["inputs"]?.array, inputs.count > 0
        else { return nil }
        // Layers inside are of double precision too.
        let text = JSON.object(config).serialized().replacingOccurrences(of: "\"float32\"", with: "\"float64\"")
        guard let wide = try? JSON(parsing: text).object else { return nil }
        (self.dialect, className, self.config) = (dialect, name, wide)
        let open = inputs.count > 1 ? 3 : 5
        shapes = inputs.map { input in Shape((input.array ?? []).enumerated().map { $1.integer ?? ($0 == 0 ? 2 : open) }) }
    }

    func model() throws -> BuiltModel {
        let type = try #require(LayerRegistry.keras[className])
        var layer = try type.decoded(config, in: DecodingContext(dialect: dialect, registry: .keras))
        layer.base.dtype = DTypePolicy(.float64)
        let inputs = shapes.enumerated().map { index, shape in
            var input = InputLayer(batchShape: SymbolicShape(shape), name: "input_\(index)")
            input.base.dtype = DTypePolicy(.float64)
            return input
        }
        let references = inputs.map { Tree.leaf(TensorRef(layer: $0.id)) }
        var calls: [LayerID: [Call]] = [layer.id: [Call(references.count == 1 ? references : [.list(references)])]]
        for input in inputs { calls[input.id] = [Call([])] }
        let count = try layer.outputShapes(shapes.map { SymbolicShape($0) }).count
        let outputs = (0..<count).map { Tree.leaf(TensorRef(layer: layer.id, output: $0)) }
        return try BuiltModel(
            ModelLayer(
                Architecture(
                    functional: "model", layers: inputs + [layer], calls: calls, inputs: .list(references),
                    outputs: outputs.count == 1 ? outputs[0] : .list(outputs))))
    }
}
