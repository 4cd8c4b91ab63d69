import JSON
import Tensors
import Testing

@testable import KerasModel

/// What holds of every layer in the list, in every dialect.
@Suite struct LayerContractTests {
    @Test func noTwoLayersShareAName() {
        let names = knownLayers.flatMap { [$0.className] + $0.aliases }
        #expect(Set(names).count == names.count)
    }

    @Test(arguments: GoldenLayer.all, Dialect.allCases)
    func whatIsWrittenIsReadAsTheSame(_ golden: GoldenLayer, _ dialect: Dialect) throws {
        let layer = try golden.layer()
        guard type(of: layer).dialects.contains(dialect) else {
            #expect(throws: KerasError.self) { try layer.encoded(in: EncodingContext(dialect: dialect)) }
            return
        }
        let config: JSONObject
        do {
            config = try layer.encoded(in: EncodingContext(dialect: dialect))
        } catch let error as KerasError where error.problems.allSatisfy({ $0.kind == .unsupported }) {
            return  // The dialect has no word for it, and that was said.
        }
        let again = try type(of: layer).decoded(config, in: DecodingContext(dialect: dialect, registry: .keras))
        #expect(again.base.unknownKeys.isEmpty)
        #expect(try again.encoded(in: EncodingContext(dialect: dialect)) == config)
        #expect(try again.weights(golden.inputs).map(\.shape) == layer.weights(golden.inputs).map(\.shape))
    }

    /// Whatever a file holds at a key, and whatever shape comes in: an error at most.
    @Test(arguments: GoldenLayer.all) func nothingTraps(_ golden: GoldenLayer) throws {
        let type = try #require(LayerRegistry.keras[golden.className])
        let huge = JSON.integer(Int.max)
        let junk: [JSON] = [
            nil, true, 0, -1, 7, huge, .integer(Int.min), 1e300, -0.5, "", "relu", "same", [], [0], [-1, 5], [huge, huge], [[1]],
            [[], [2]], [:],
            ["class_name": "PReLU", "config": [:]], ["class_name": "Softmax", "config": ["axis": [9, huge]]], ["class_name": "Activation"],
        ]
        let odd: [[SymbolicShape]] = [
            [], [[]], [[nil]], [[nil, nil, nil, nil]], [[2, 0, 3]], [[nil, 4], [nil, 4], [nil, 4]], [[nil, 5], [nil, 3, 2]],
        ]
        var shapes = odd
        shapes.insert(golden.inputs, at: 0)
        for key in golden.config.keys {
            for value in junk {
                var config = golden.config
                config[key] = value
                guard let layer = try? type.decoded(config, in: DecodingContext(dialect: golden.dialect, registry: .keras)) else {
                    continue
                }
                _ = try? layer.encoded(in: EncodingContext(dialect: .keras3))
                for inputs in shapes.prefix(1) + (value == nil ? shapes : []) { exercise(layer, inputs) }
            }
        }
        for inputs in odd { exercise(try golden.layer(), inputs) }
    }

    private func exercise(_ layer: any Layer, _ inputs: [SymbolicShape]) {
        _ = try? lowered(layer, inputs.map { shape in Shape(shape.dims.map { $0 ?? 5 }) })
    }
}
