import JSON
import KerasModel

/// tf.keras of TensorFlow 1.x and 2.x, and tf_keras.
enum TFKerasRules: OlderRules {
    static let dialect = Dialect.tfKeras

    /// From TensorFlow 2.14 on with the module, which older ones pass over.
    static func wrap(className: String, module: String, config: JSONObject) -> JSONObject {
        ["module": .string(module), "class_name": .string(className), "config": .object(config), "registered_name": nil]
    }
}
