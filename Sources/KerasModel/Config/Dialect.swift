import JSON
private import Synchronization
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
    /// Reads a model that stands in a layer's configuration; nil for what is no model.
    package var readModel: (@Sendable (JSON, DecodingContext) throws -> ModelLayer?)?

    package init(dialect: Dialect, registry: LayerRegistry, addsBiasAsTensorFlow: Bool = false) {
        self.dialect = dialect
        self.registry = registry
        self.addsBiasAsTensorFlow = addsBiasAsTensorFlow
    }
}

/// What writing a configuration hangs on.
public struct EncodingContext: Sendable {
    /// Whose words are written; in the universal form, those of tf.keras that Keras 3 reads as well.
    public let dialect: Dialect
    /// True where Keras 2, tf.keras and Keras 3 are all to read it: only what they have in common is written.
    package let isUniversal: Bool
    /// True where it stands in an `.h5`. Keras 3's reader of those takes a layer's `axis` out unless it is one number
    /// (`keras.src.legacy.saving.saving_utils.model_from_config`).
    package let isHDF5: Bool
    /// True where objects stand with their modules: in Keras 3, and in what tf_keras writes outside of `.h5`.
    package let namesModules: Bool
    /// True within a model that is a layer of another.
    package var isNested = false
    /// Writes a model that stands in a layer's configuration.
    package var writeModel: (@Sendable (ModelLayer, EncodingContext) throws -> JSONObject)?
    /// The shapes that layers within others were built for.
    package var heldInputs: [LayerID: [SymbolicShape]] = [:]
    /// Takes what those who read it have no word for, where it is to be left out rather than refused.
    package let losses: Losses?
    /// Takes what the user should know.
    package var notes: Losses?

    package init(dialect: Dialect) { self.init(target: SaveTarget(dialect)) }

    package init(target: SaveTarget, isHDF5: Bool = false, namesModules: Bool = false, losses: Losses? = nil) {
        dialect = target.dialect
        isUniversal = target == .universal
        self.isHDF5 = isHDF5
        self.namesModules = namesModules || target == .keras3
        self.losses = losses
    }

    /// All those who are to read it.
    package var readers: [Dialect] { isUniversal ? [.tfKeras, .keras3] : [dialect] }

    /// Whether Keras 3 reads it by the way it has for old `.h5` files.
    package var isForOldReaderOfKeras3: Bool { isUniversal || isHDF5 && dialect == .keras3 }

    /// An object by its class and settings. Keras: `serialize_keras_object`.
    ///
    /// - Parameter namingModule: whether its module stands there whatever the others do.
    package func object(_ written: WrittenClass, namingModule: Bool = false, config: JSONObject) -> JSON {
        guard namesModules || namingModule else { return ["class_name": .string(written.name), "config": .object(config)] }
        return [
            "module": written.module.map(JSON.string) ?? .null, "class_name": .string(written.name), "config": .object(config),
            "registered_name": written.registeredName.map(JSON.string) ?? .null,
        ]
    }

    /// Leaves something out, if that is wanted.
    ///
    /// - Throws: `error` if it is not.
    package func leaveOut(_ error: @autoclosure () -> KerasError) throws {
        guard let losses else { throw error() }
        for problem in error().problems { losses.add("left out: \(problem)") }
    }

    /// How messages call those who are to read it.
    package var reader: String { isUniversal ? SaveTarget.universal.rawValue : dialect.rawValue }
}

/// Whom a file is written for.
public enum SaveTarget: String, CaseIterable, Hashable, Sendable {
    /// Every Keras from 2.2.4 on that has the model's layers: standalone, in TensorFlow, and Keras 3. Without the optimizer's state.
    case universal
    /// Keras 3.
    case keras3
    /// tf.keras of TensorFlow 2, and tf_keras.
    case tfKeras = "tf.keras"
    /// Standalone Keras 2.
    case keras2

    public init(_ dialect: Dialect) {
        switch dialect {
        case .keras2: self = .keras2
        case .tfKeras: self = .tfKeras
        case .keras3: self = .keras3
        }
    }

    /// Whose words are written.
    public var dialect: Dialect {
        switch self {
        case .keras2: .keras2
        case .tfKeras, .universal: .tfKeras
        case .keras3: .keras3
        }
    }
}

/// What writing a model leaves out, in a sentence each.
package final class Losses: Sendable {
    private let list = Mutex<[String]>([])

    package init() {}

    package var sentences: [String] { list.withLock { $0 } }

    /// The same is said once.
    package func add(_ sentence: String) { list.withLock { if !$0.contains(sentence) { $0.append(sentence) } } }
}
