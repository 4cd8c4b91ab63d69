import JSON
import KerasFormat
import KerasModel
import Tensors
import Testing

/// Architectures that are JSON and no model.
@Suite struct BrokenConfigTests {
    private static func sequential(_ layers: JSON) -> JSON {
        ["class_name": "Sequential", "keras_version": "2.4.0", "config": ["name": "s", "layers": layers]]
    }

    private static func functional(_ layers: JSON, inputs: JSON, outputs: JSON) -> JSON {
        [
            "class_name": "Functional", "keras_version": "2.4.0",
            "config": ["name": "f", "layers": layers, "input_layers": inputs, "output_layers": outputs],
        ]
    }

    private static let input: JSON = [
        "class_name": "InputLayer", "name": "x", "config": ["name": "x", "batch_input_shape": [nil, 2], "dtype": "float32"],
        "inbound_nodes": [],
    ]

    static let texts: [(JSON, String)] = [
        (7, "a model's configuration is not what it must be; found 7, expected an object with 'class_name' and 'config'"),
        (
            ["class_name": "MyNet", "config": ["name": "m"]],
            "this is a model of a class of its own, whose code is not in the file; found 'MyNet', expected Sequential or Functional"
        ),
        (["class_name": "Sequential", "config": 5], "a Sequential has no list of layers; found an integer"),
        (
            ["class_name": "Functional", "keras_version": "2.4.0", "config": ["name": "f"]],
            "a Functional lacks 'layers', 'input_layers' or 'output_layers'; found an object"
        ),
        (sequential([3]), "a layer's entry is not what it must be; found 3"),
        (
            sequential([["class_name": "Dense", "config": 3]]),
            "layer 'Dense': a layer has no configuration; found an integer"
        ),
        (
            functional([input, input], inputs: [["x", 0, 0]], outputs: [["x", 0, 0]]),
            "two layers have one name; found 'x'"
        ),
        (
            functional([input], inputs: 3, outputs: [["x", 0, 0]]),
            "layer 'f': a model's inputs or outputs are not what they must be; found 3"
        ),
        (
            functional([input], inputs: [["x", 0, 0]], outputs: [["y", 0, 0]]),
            "layer 'f': a call takes a tensor of a layer that is not there; found 'y'"
        ),
        (
            functional([input], inputs: [["x", 0, 0]], outputs: [["x", 0]]),
            "layer 'f': a model's inputs or outputs are not what they must be; found \"x\""
        ),
    ]

    @Test(arguments: texts.indices) func sayWhatIsWrong(index: Int) throws {
        let (json, sentence) = BrokenConfigTests.texts[index]
        let error = try #require(throws: KerasError.self) { try ModelFile.architecture(json) }
        #expect(error.description == sentence)
    }
}
