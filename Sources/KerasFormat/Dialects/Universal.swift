import KerasModel

/// The graph grammar that Keras 2, tf.keras and Keras 3 read alike.
enum UniversalRules: OlderRules {
    static let dialect = Dialect.tfKeras
    /// The name that Keras 2 knows; the others take it for theirs.
    static let functionalName = "Model"
    /// Keras 3 counts the calls of a nested model from 0, older ones from 1: with each written twice, the odd numbers mean the same to both.
    static let nestedRepeats = 2
}
