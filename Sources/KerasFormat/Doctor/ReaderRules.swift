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

    private static let code: Set<String> = ["Lambda", "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"]
    /// Layers that Keras 3 has no more.
    private static let gone: Set<String> = [
        "ThresholdedReLU", "LocallyConnected1D", "LocallyConnected2D", "CuDNNLSTM", "CuDNNGRU", "MaxoutDense", "Highway",
    ]
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
        code.contains(kind)
    }
    private static let halfPixel = layers(
        .otherwise, "bilinear's grid is another one since TensorFlow 2", of: [.keras2]
    ) { _, config in config["interpolation"] == "bilinear" }

    private static let keras1: [ReaderRule] = [
        whole(.fails, "it is of a later Keras") { !$0.isKeras1 && $0.container != .other }
    ]

    private static let keras2: [ReaderRule] = [
        ofKeras3, archiveOfKeras3, paths,
        whole(.otherwise, "Theano turned the kernels, and a file of Keras 1 does not say so") { $0.isKeras1 && $0.isTheano },
        whole(.fails, "models are called 'Model' there") { $0.dialect == .tfKeras && $0.config["class_name"] == "Functional" },
        layers(.fails, "it lacks this layer", of: [.tfKeras]) { kind, _ in
            LayerRegistry.keras[kind].map { !$0.dialects.contains(.keras2) } ?? code.subtracting(["Lambda"]).contains(kind)
        },
        layers(.fails, "it does not take this layer's keys", of: [.tfKeras]) { _, config in
            ["groups", "ragged", "time_major", "keepdims"].contains { config[$0] != nil }
        },
    ]

    private static let tfKeras: [ReaderRule] = [
        ofKeras1, ofKeras3, hasCode, theano, halfPixel, windows, gates,
        whole(.fails, "models by this Keras have another list of layers in .keras archives and .weights.h5") {
            $0.rules == .tensorFlow212 && ($0.container == .archive || $0.container == .pathWeights)
        },
        whole(.fails, "it does not know weights in several files") { $0.container == .sharded },
    ]

    private static let keras3: [ReaderRule] = [
        ofKeras1, theano, halfPixel, windows, gates,
        layers(.fails, "it holds code, which Keras 3 refuses or cannot run", of: Dialect.older) { kind, _ in code.contains(kind) },
        layers(.fails, "it holds code, which Keras 3 does not run unless it is told to", of: [.keras3]) { _, config in
            config["function"]?["class_name"] == "__lambda__"
        },
        whole(.fails, "an architecture of an older Keras") { $0.container == .json && $0.dialect != .keras3 && !$0.isKeras1 },
        whole(.fails, "it does not know YAML") { $0.container == .yaml },
        whole(.fails, "a .keras that is no archive") { $0.container == .wholeHDF5 && $0.name.hasSuffix(".keras") },
        whole(.fails, "a .keras of TensorFlow, whose InputLayer has 'batch_input_shape'") {
            $0.container == .archive && $0.dialect == .tfKeras && !isBefore($0, 2, 13)
        },
        ReaderRule(
            reading: .fails,
            places: { facts in
                guard facts.container == .wholeHDF5, facts.dialect != .keras3, facts.config["class_name"] == "Sequential",
                    let first = (facts.config["config"]?["layers"] ?? facts.config["config"])?[0], first["class_name"] != "InputLayer",
                    first["config"]?["batch_input_shape"] != nil
                else { return [] }
                return [first["config"]?["name"]?.string ?? ""]
            }, reason: "a Sequential without an InputLayer: the batch's axis is added twice"),
        layers(.fails, "an initializer with a 'dtype', as TensorFlow 1 wrote it", of: [.tfKeras]) { _, config in
            config.contains { $0.value["config"]?["dtype"]?.string != nil && $0.key.hasSuffix("_initializer") }
        },
        layers(.fails, "keys that Keras 3's layer refuses", of: Dialect.older, where: hasForeignKeys),
        layers(.fails, "Keras 3 has no such layer", of: Dialect.older) { kind, _ in gone.contains(kind) },
        layers(.otherwise, "hard_sigmoid has another slope in Keras 3", of: Dialect.older) { _, config in holds(config, "hard_sigmoid") },
        whole(.uncompiled, "its optimizer has 'lr', which Keras 3 refuses") { $0.training["optimizer_config"]?["config"]?["lr"] != nil },
        whole(.uncompiled, "Keras 3.11 and later cannot read the short name of its loss out of an .h5") {
            $0.container == .wholeHDF5 && ["mse", "mae", "mape", "msle", "kld", "bce"].contains($0.training["loss"]?.string ?? "")
        },
    ]
}
