import JSON
import Keras
import Testing

/// Words that random models of real Keras showed to be other than they were thought.
@Suite struct WrittenWordsTests {
    private func layers(_ text: String) throws -> [JSON] { try #require(try JSON(parsing: text)["config"]?["layers"]?.array) }

    /// Keras 3 writes for which shape a layer was made where its class has a `build` of its own.
    @Test func unitNormalizationHasNoBuildOfItsOwn() {
        #expect(!UnitNormalization.writesInputShape && RMSNormalization.writesInputShape)
    }

    /// A length that an equation's letter stands for is open in Keras 3 if it is not told, and stands so in the words of what comes next.
    @Test func lengthsThatAreNotToldAreOpenInKeras3() throws {
        func tensor(_ layer: String, _ shape: String) -> String {
            """
            "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"shape": \(shape), "dtype": "float32",
            "keras_history": ["\(layer)", 0, 0]}}], "kwargs": {}}]
            """
        }
        let model = try Model(
            json: """
                {"module": "keras.src.models.functional", "class_name": "Functional", "config": {"name": "m", "trainable": true, "layers": [
                {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 6, 4], "dtype": "float32", "name": "x"},
                "registered_name": null, "name": "x", "inbound_nodes": []},
                {"module": "keras.layers", "class_name": "EinsumDense", "config": {"name": "e", "trainable": true, "dtype": "float32",
                "output_shape": [null, 3], "equation": "abc,cz->abz", "activation": "linear", "bias_axes": "z"}, "registered_name": null,
                "name": "e", \(tensor("x", "[null, 6, 4]"))},
                {"module": "keras.layers", "class_name": "ELU", "config": {"name": "y", "alpha": 1.0}, "registered_name": null, "name": "y",
                \(tensor("e", "[null, null, 3]"))}], "input_layers": [["x", 0, 0]], "output_layers": [["y", 0, 0]]}}
                """)
        let last = try #require(try layers(try model.json(.keras3)).last)
        let shape = last["inbound_nodes"]?.array?.first?["args"]?.array?.first?["config"]?["shape"]
        #expect(shape?.serialized() == "[null, null, 3]")
        #expect(try model.predict([Tensor(zeros: [2, 6, 4])])[0].shape == [2, 6, 3])
    }

    @Test func randomCropSaysItsGeneratorFirst() throws {
        let text = """
            {"class_name": "Sequential", "keras_version": "2.15.0", "backend": "tensorflow", "config": {"name": "s", "layers": [
            {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 5, 6, 3], "dtype": "float32", "sparse": false, "ragged": false,
            "name": "x"}}, {"class_name": "RandomCrop", "config": {"name": "c", "trainable": true, "dtype": "float32",
            "rng_type": "stateful", "height": 3, "width": 2, "seed": null}}]}}
            """
        let crop = try #require(try layers(try Model(json: text).json(.tfKeras)).last?["config"]?.object)
        #expect(crop.keys == ["name", "trainable", "dtype", "rng_type", "height", "width", "seed"])
    }
}
