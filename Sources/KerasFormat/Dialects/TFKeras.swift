import KerasModel

/// tf.keras of TensorFlow 1.x and 2.x, and tf_keras.
///
/// In `.h5` written without module names, as every version reads it; elsewhere as tf_keras writes it.
enum TFKerasRules: OlderRules {
    static let dialect = Dialect.tfKeras
}
