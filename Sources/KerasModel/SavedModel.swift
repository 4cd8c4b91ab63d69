import JSON
import Tensors

/// All that the format room and the runtime exchange: what a model is, its numbers, and what a file says of its training.
package struct SavedModel: Sendable {
    package var root: ModelLayer
    /// Views of the file's bytes where they can be.
    package var weights: [WeightID: Tensor]
    package var training: TrainingConfiguration?
    /// Nil if it was made in Swift.
    package var origin: Origin?
    /// What was odd, in a sentence each: unknown keys, state that could not be read.
    package var warnings: [String]

    package init(
        root: ModelLayer, weights: [WeightID: Tensor], training: TrainingConfiguration? = nil, origin: Origin?, warnings: [String] = []
    ) {
        self.root = root
        self.weights = weights
        self.training = training
        self.origin = origin
        self.warnings = warnings
    }
}

/// Where a model came from.
package struct Origin: Sendable {
    package var dialect: Dialect
    /// Nil where the file does not say.
    package var kerasVersion: KerasVersion?
    /// `tensorflow`, `theano`, `jax`, …
    package var backend: String?
    /// True if it is an `.h5` with weights in bfloat16, which no Keras reads back.
    package var holdsBFloat16 = false
    /// What the file calls the weights.
    package var weightNames: [WeightID: String] = [:]
    /// The configuration as it was read, to the last key.
    package var configuration: Configuration?
    /// What else a file says, which nobody here asks for; written again where the same kind of file is, for those it came from.
    package var extras = Extras()

    package struct Extras: Sendable {
        /// Attributes at the root of an `.h5`.
        package var attributes: [(name: String, value: Attribute)] = []
        /// Members of a `.keras` in which layers keep what is no number, by their names: `assets/layers/…`.
        package var assets: [(name: String, content: Buffer)] = []

        package init() {}
    }

    package enum Attribute: Sendable {
        case text(String)
        case texts([String])
        case tensor(Tensor)
    }

    package struct Configuration: Sendable {
        /// Where a configuration stands.
        package enum Form: Sendable {
            /// A text of its own.
            case json
            /// `config.json` of a `.keras`.
            case archive
            /// `model_config` of an `.h5`, whose layers are written without their modules.
            case hdf5
        }

        package var json: JSON
        package var form: Form

        package init(_ json: JSON, _ form: Form) {
            self.json = json
            self.form = form
        }
    }

    /// Those who read what it came from.
    package var target: SaveTarget { SaveTarget(dialect) }

    package init(dialect: Dialect, kerasVersion: KerasVersion? = nil, backend: String? = nil) {
        self.dialect = dialect
        self.kerasVersion = kerasVersion
        self.backend = backend
    }
}

/// What a file gives as its `keras_version`: `2.2.4`, `2.4.3-tf`, `3.15.1`.
package struct KerasVersion: Sendable {
    package let text: String
    package let major: Int
    package let minor: Int

    /// What is no number counts as 0.
    package init(_ text: String) {
        self.text = text
        let numbers = text.split(separator: ".").prefix(2).map { Int($0) ?? 0 }
        (major, minor) = (numbers.first ?? 0, numbers.dropFirst().first ?? 0)
    }

    package func isBefore(_ major: Int, _ minor: Int) -> Bool { (self.major, self.minor) < (major, minor) }
}

/// What a file says a model was compiled with, in the words of its dialect. Keras: `training_config`, `compile_config`.
package struct TrainingConfiguration: Sendable {
    package var dialect: Dialect
    package var loss: JSON
    package var lossWeights: JSON
    package var metrics: JSON
    package var weightedMetrics: JSON
    /// `{"class_name": …, "config": …}`, or null.
    package var optimizer: JSON
    /// All that was read, to the last key. Keras: `training_config`.
    package var source: JSONObject?
    /// The optimizer's variables as they are stored: names in order, and their shapes.
    package var optimizerVariables: [(name: String, tensor: Tensor)]
    /// True if Keras takes all of them up again when it loads the file: those of a `.keras`.
    package var restoresOptimizer = false
    /// True if the optimizer has gone on since they were read.
    package var hasGoneOn = false

    package init(
        dialect: Dialect, loss: JSON = nil, lossWeights: JSON = nil, metrics: JSON = nil, weightedMetrics: JSON = nil,
        optimizer: JSON = nil,
        optimizerVariables: [(name: String, tensor: Tensor)] = []
    ) {
        self.dialect = dialect
        self.loss = loss
        self.lossWeights = lossWeights
        self.metrics = metrics
        self.weightedMetrics = weightedMetrics
        self.optimizer = optimizer
        self.optimizerVariables = optimizerVariables
    }
}
