import JSON
import KerasModel

/// What each Keras makes of a file, as rules over its words. They were measured with the Kerases themselves; docs/COMPATIBILITY.md holds them
/// against what two of them did with every file of a collection.
package enum FileReader: String, CaseIterable, Sendable {
    case keras1 = "Keras 1.2.2"
    case keras2 = "Keras 2.2.4"
    case tfKeras = "tf_keras 2.21"
    case keras3 = "Keras 3.15"
}

/// What becomes of a file, from the best to the worst.
package enum Reading: String, Comparable, Sendable {
    case same = "loads"
    case uncompiled = "loads with compile=False"
    case otherwise = "loads, and means something else"
    case fails = "fails"

    private var rank: Int {
        switch self {
        case .same: 0
        case .uncompiled: 1
        case .otherwise: 2
        case .fails: 3
        }
    }

    package static func < (a: Reading, b: Reading) -> Bool { a.rank < b.rank }
}

/// One reason why a file is not read as it was meant.
struct ReaderRule: Sendable {
    let reading: Reading
    /// The places it applies to, or one without a name for the whole file; none where it does not.
    let places: @Sendable (FileFacts) -> [String]
    let reason: String

    static func rules(of reader: FileReader) -> [ReaderRule] {
        switch reader {
        case .keras1: keras1
        case .keras2: keras2
        case .tfKeras: tfKeras
        case .keras3: keras3
        }
    }

    private static func whole(_ reading: Reading, _ reason: String, where applies: @escaping @Sendable (FileFacts) -> Bool) -> ReaderRule {
        ReaderRule(reading: reading, places: { applies($0) ? [""] : [] }, reason: reason)
    }

    /// - Parameter applies: to a layer's class and configuration.
    private static func layers(
        _ reading: Reading, _ reason: String, of dialects: Set<Dialect> = Dialect.all,
        where applies: @escaping @Sendable (String, JSONObject) -> Bool
    ) -> ReaderRule {
        ReaderRule(
            reading: reading,
            places: { facts in
                guard let dialect = facts.dialect, dialects.contains(dialect) else { return [] }
                return facts.layers.filter { applies($0.kind, $0.config) }.map(\.path)
            }, reason: reason)
    }

    private static let lambda = "Lambda"
    private static let code: Set<String> = [lambda, "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"]
    /// Initializers that Keras 2 writes as a VarianceScaling.
    private static let ownInitializers: Set<String> = [
        "GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal",
    ]
    /// Layers that take an input of any rank.
    private static let anyRank: Set<String> = [
        "Dense", "Activation", "ELU", "ReLU", "LeakyReLU", "Softmax", "Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout",
        "Masking",
        "ActivityRegularization",
    ]
    /// What Keras 3.11 and later do not find in an `.h5` by its short name.
    private static let shortNames: Set<String> = ["mse", "mae", "mape", "msle", "kld", "bce"]
    /// Layers that tf_keras does not find by their names any more.
    private static let lost: Set<String> = ["MaxoutDense", "Highway"]
    /// Layers that Keras 3 has no more.
    private static let gone: Set<String> = lost.union(cuDNN).union(["ThresholdedReLU", "LocallyConnected1D", "LocallyConnected2D"])
    /// Layers that tf_keras has for programs of TensorFlow 1, and finds by their names in an `.h5` alone.
    private static let cuDNN: Set<String> = ["CuDNNLSTM", "CuDNNGRU"]
    /// Keys of tf.keras that Keras 3's constructors refuse.
    @Sendable private static func hasForeignKeys(_ kind: String, _ config: JSONObject) -> Bool {
        if config["time_major"] != nil { return true }
        if kind.hasPrefix("SpatialDropout") { return config["trainable"] != nil }
        let isSeparate = kind.hasPrefix("Depthwise") || kind.hasPrefix("Separable") || kind.hasSuffix("Transpose")
        return isSeparate && config["groups"] != nil
    }

    private static func holds(_ config: JSONObject, _ name: JSON) -> Bool {
        config["activation"] == name || config["recurrent_activation"] == name
    }

    private static func isBefore(_ facts: FileFacts, _ major: Int, _ minor: Int) -> Bool { facts.version?.isBefore(major, minor) ?? false }

    private static let ofKeras1 = whole(.fails, "its words are Keras 1's") { $0.isKeras1 && !$0.config.isNull }
    private static let ofKeras3 = whole(.fails, "its words are Keras 3's") { $0.dialect == .keras3 }
    private static let archiveOfKeras3 = whole(.fails, "it does not know .keras archives") { $0.container == .archive }
    private static let paths = whole(.fails, "it does not know weights by path") {
        $0.container == .pathWeights || $0.container == .sharded
    }
    private static let theano = whole(.otherwise, "Theano turned the kernels of convolutions, which this Keras does not turn back") {
        facts in
        facts.isTheano && (facts.config.isNull || facts.layers.contains { $0.kind.contains("Conv") })
    }
    private static let windows = whole(.fails, "Windows wrote its groups' names with backslashes") { $0.isWindows }
    private static let gates = whole(.fails, "Keras 1 kept an array for each gate, or kernels in another order") { facts in
        facts.isKeras1 && facts.config.isNull && facts.weightNames.contains { $0.contains("_W_") || $0.contains("_U_") }
    }
    private static let hasCode = layers(.fails, "it holds code, which only the Python that wrote it can run") { kind, _ in
        kind == lambda
    }
    private static let ownClass = whole(.fails, "the model is of a class of its own, whose code is not in the file") { facts in
        guard let kind = facts.config["class_name"]?.string else { return false }
        return !["Sequential", "Functional", "Model", "Container", "Graph"].contains(kind)
    }
    private static let merge = layers(.fails, "it has no Merge any more", of: Dialect.older) { kind, _ in kind == "Merge" }
    private static func shared(_ dialect: Dialect) -> ReaderRule {
        ReaderRule(
            reading: .fails, places: { $0.container == .archive && $0.dialect == dialect ? $0.sharedWithWrappers : [] },
            reason: "a wrapper and the graph have one layer, whose weights stand in the archive once")
    }
    /// Whether some text in it is one of these.
    private static func mentions(_ json: JSON, _ words: Set<String>) -> Bool {
        json.string.map(words.contains) ?? json.array?.contains { mentions($0, words) } ?? json.object?.values.contains {
            mentions($0, words)
        }
            ?? false
    }
    private static func isBFloat16(_ dtype: JSON?) -> Bool { dtype == "bfloat16" || dtype?["config"]?["name"] == "bfloat16" }
    private static let halfPixel = layers(
        .otherwise, "bilinear's grid is another one since TensorFlow 2", of: [.keras2]
    ) { _, config in config["interpolation"] == "bilinear" }

    /// The first layer of a Sequential whose shape it gives, in an `.h5`.
    private static func withoutInput(_ facts: FileFacts, anyRank isFree: Bool) -> [String] {
        guard facts.container == .wholeHDF5, facts.dialect != .keras3, facts.config["class_name"] == "Sequential",
            let config = facts.config["config"], let layers = (config["layers"] ?? config).array, let first = layers.first,
            first["class_name"] != "InputLayer", first["config"]?["batch_input_shape"] != nil
        else { return [] }
        // A list of layers without a name is not read at all.
        let isRead = config.object != nil && layers.allSatisfy { anyRank.contains($0["class_name"]?.string ?? "") }
        return isRead == isFree ? [first["config"]?["name"]?.string ?? ""] : []
    }

    /// A Sequential of a `.keras` of TensorFlow that Keras 3 reads: TensorFlow 2.13's but for its numbers of repeated classes, and since 2.15 those
    /// whose shape the InputLayer alone gives. The modules of graphs are gone, and 2.14 has another list of layers.
    private static func isChainForKeras3(_ facts: FileFacts) -> Bool {
        guard facts.config["class_name"] == "Sequential", let layers = facts.config["config"]?["layers"]?.array else { return false }
        if isBefore(facts, 2, 14) { return !facts.repeatsClasses }
        let models: [JSON] = ["Functional", "Sequential", "Model"]
        return !isBefore(facts, 2, 15)
            && layers.allSatisfy { layer in
                guard let kind = layer["class_name"], !models.contains(kind) else { return false }
                return kind == .string(InputLayer.className) || layer["config"]?["batch_input_shape"] == nil
            }
    }

    private static let keras1: [ReaderRule] = [
        whole(.fails, "it is of a later Keras") { !$0.isKeras1 && $0.container != .other }
    ]

    private static let keras2: [ReaderRule] = [
        ofKeras3, archiveOfKeras3, paths,
        whole(.otherwise, "Theano turned the kernels, and a file of Keras 1 does not say so") { $0.isKeras1 && $0.isTheano }, merge,
        layers(.fails, "Keras 1's penalties and constraints have no class that it finds") { _, config in
            config.contains { key, value in
                value["name"] != nil && value["class_name"] == nil && (key.hasSuffix("_regularizer") || key.hasSuffix("_constraint"))
            }
        },
        layers(.fails, "it makes weights of its input's integers") { _, config in
            config["input_dtype"]?.string?.hasPrefix("int") ?? false && config["W_constraint"] != nil
        },
        layers(.fails, "it does not know this initializer", of: [.tfKeras]) { _, config in
            config.contains { $0.key.hasSuffix("_initializer") && ownInitializers.contains($0.value["class_name"]?.string ?? "") }
        },
        whole(.uncompiled, "its optimizers take 'lr', and no name") { facts in
            let settings = facts.training["optimizer_config"]?["config"]
            return settings?["learning_rate"] != nil || settings?["name"] != nil
        },
        whole(.fails, "models are called 'Model' there") { $0.dialect == .tfKeras && $0.config["class_name"] == "Functional" },
        layers(.fails, "it lacks this layer", of: [.tfKeras]) { kind, _ in
            LayerRegistry.keras[kind].map { !$0.dialects.contains(.keras2) } ?? code.subtracting(["Lambda"]).contains(kind)
        },
        layers(.fails, "it does not take this layer's keys", of: [.tfKeras]) { _, config in
            ["groups", "ragged", "time_major", "keepdims"].contains { config[$0] != nil }
        },
    ]

    private static let tfKeras: [ReaderRule] = [
        layers(.fails, "it has no such layer", of: Dialect.older) { kind, _ in lost.contains(kind) },
        ReaderRule(
            reading: .fails,
            places: { facts in facts.container == .archive ? facts.layers.filter { cuDNN.contains($0.kind) }.map(\.path) : [] },
            reason: "it does not find this layer by the module that it writes into a .keras"),
        ofKeras1, ofKeras3, ownClass, hasCode, merge, shared(.tfKeras), theano, halfPixel, windows, gates,
        whole(.fails, "models by this Keras have another list of layers in .keras archives and .weights.h5") {
            $0.rules == .tensorFlow212 && ($0.container == .archive || $0.container == .pathWeights)
        },
        whole(.fails, "it does not know weights in several files") { $0.container == .sharded },
    ]

    private static let keras3: [ReaderRule] = [
        ReaderRule(reading: .fails, places: { $0.callsLeftOut }, reason: "Keras 3.0 left out calls of this layer that others count"),
        ofKeras1, ownClass, merge, shared(.keras3), theano, halfPixel, windows, gates,
        layers(.fails, "it holds code, which Keras 3 refuses or cannot run", of: Dialect.older) { kind, _ in code.contains(kind) },
        layers(.fails, "it holds code, which Keras 3 does not run unless it is told to", of: [.keras3]) { _, config in
            config["function"]?["class_name"] == "__lambda__"
        },
        whole(.fails, "a layer's weights go on in a file that the index does not name, as Keras 3.10 splits them") { $0.losesWeights },
        whole(.fails, "an architecture of an older Keras") { $0.container == .json && $0.dialect != .keras3 && !$0.isKeras1 },
        whole(.fails, "it does not know YAML") { $0.container == .yaml },
        whole(.fails, "a .keras that is no archive") { $0.container == .wholeHDF5 && $0.name.hasSuffix(".keras") },
        whole(.fails, "a .keras of TensorFlow, with a graph or a first layer that Keras 3 does not read") {
            $0.container == .archive && $0.dialect == .tfKeras && !isBefore($0, 2, 13) && !isChainForKeras3($0)
        },
        ReaderRule(
            reading: .fails, places: { withoutInput($0, anyRank: false) },
            reason: "a Sequential without an InputLayer: the batch's axis is added twice"),
        ReaderRule(
            reading: .otherwise, places: { withoutInput($0, anyRank: true) },
            reason: "a Sequential without an InputLayer: the batch's axis is added twice, and its layers take that"),
        ReaderRule(
            reading: .fails,
            places: { facts in
                guard facts.container == .wholeHDF5, facts.dialect == .keras3 else { return [] }
                return facts.layers.filter { isBFloat16($0.config["dtype"]) }.map(\.path)
            }, reason: "it writes bfloat16 into an .h5 as bytes that it cannot read"),
        ReaderRule(
            reading: .uncompiled, places: { $0.dialect == .keras3 ? Array($0.missingOptimizerVariables.prefix(1)) : [] },
            reason: "Keras 3 before 3.10 saved only some of the optimizer's variables"),
        layers(.fails, "an initializer with a 'dtype', as TensorFlow 1 wrote it", of: [.tfKeras]) { _, config in
            config.contains { $0.value["config"]?["dtype"]?.string != nil && $0.key.hasSuffix("_initializer") }
        },
        layers(.fails, "keys that Keras 3's layer refuses", of: Dialect.older, where: hasForeignKeys),
        layers(.fails, "Keras 3 has no such layer", of: Dialect.older) { kind, _ in gone.contains(kind) },
        layers(.otherwise, "hard_sigmoid has another slope in Keras 3", of: Dialect.older) { _, config in holds(config, "hard_sigmoid") },
        whole(.uncompiled, "its optimizer scales the loss in tf.keras's words") { facts in
            facts.dialect == .tfKeras
                && [facts.training["optimizer_config"], facts.training["optimizer"]].contains { $0.map(LossScale.isRound) ?? false }
        },
        whole(.uncompiled, "its optimizer has 'lr', which Keras 3 refuses") { $0.training["optimizer_config"]?["config"]?["lr"] != nil },
        whole(.uncompiled, "Keras 3.11 and later cannot read the short name of a loss or metric out of an .h5") { facts in
            facts.container == .wholeHDF5
                && ["loss", "metrics", "weighted_metrics"].contains { mentions(facts.training[$0] ?? .null, shortNames) }
        },
        whole(.uncompiled, "its loss has the reduction 'auto', which Keras 3 refuses") {
            $0.dialect != .keras3 && $0.training["loss"]?["config"]?["reduction"] == "auto"
        },
    ]
}
