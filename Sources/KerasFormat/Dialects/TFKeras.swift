import KerasModel

/// tf.keras of TensorFlow 1.x and 2.x, and tf_keras.
///
/// Written without module names, as TensorFlow did up to 2.13 and as every later version still reads.
enum TFKerasRules: OlderRules {
    static let dialect = Dialect.tfKeras
}
