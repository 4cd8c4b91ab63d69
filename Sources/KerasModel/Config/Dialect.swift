import Tensors

/// Which Keras's words a configuration is written in. What a word *means* is spelled out in the layers; after reading, no dialect matters.
public enum Dialect: String, CaseIterable, Hashable, Sendable {
    /// Standalone Keras 2.0–2.3.
    case keras2
    /// tf.keras of TensorFlow 1.x and 2.x, and tf_keras.
    case tfKeras = "tf.keras"
    /// Keras 3.
    case keras3

    public static let all = Set(Dialect.allCases)
    /// Everything before Keras 3.
    public static let older: Set<Dialect> = [.keras2, .tfKeras]
}

/// What reading a configuration hangs on besides its text.
public struct DecodingContext: Sendable {
    public let dialect: Dialect
    package let registry: LayerRegistry
    /// See ``LayerBase/addsBiasAsTensorFlow``.
    package let addsBiasAsTensorFlow: Bool

    package init(dialect: Dialect, registry: LayerRegistry, addsBiasAsTensorFlow: Bool = false) {
        self.dialect = dialect
        self.registry = registry
        self.addsBiasAsTensorFlow = addsBiasAsTensorFlow
    }
}

/// What writing a configuration hangs on.
public struct EncodingContext: Sendable {
    public let dialect: Dialect
    package init(dialect: Dialect) { self.dialect = dialect }
}
