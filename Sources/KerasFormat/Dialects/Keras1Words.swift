import JSON
import KerasModel
import Tensors

/// The words of Keras 1 and what they are called in Keras 2. Source: `keras/legacy/interfaces.py` of Keras 2.2.4, and the layers of Keras 1.2.2.
enum Keras1Words {
    /// Classes that changed their names.
    static let classes = [
        "Convolution1D": "Conv1D", "Convolution2D": "Conv2D", "Convolution3D": "Conv3D", "Deconvolution2D": "Conv2DTranspose",
        "AtrousConvolution1D": "Conv1D", "AtrousConvolution2D": "Conv2D", "SeparableConvolution2D": "SeparableConv2D",
        // A Dense goes along the last axis of whatever it is given since Keras 1.2.
        "TimeDistributedDense": "Dense",
    ]

    /// Classes that Keras 2 before 2.2 still took and wrote.
    static let lastingClasses: Set<String> = ["Merge", "TimeDistributedDense"]
    /// Those that Keras 2 kept as they were, words and all.
    static let keptClasses: Set<String> = ["MaxoutDense", "Highway"]

    /// Keys that no later Keras writes: by them a file without a version is known.
    static let tellingKeys: Set<String> = [
        "nb_filter", "border_mode", "dim_ordering", "subsample", "subsample_length", "init", "inner_init", "W_regularizer", "input_dtype",
        "pool_length", "p", "concat_axis",
    ]

    static let orderings = ["th": "channels_first", "tf": "channels_last"]

    /// What a key is called in Keras 2; nothing where it is dropped, since another key or the shapes say it.
    static let keys: [String: [String]] = [
        "input_dtype": ["dtype"], "init": ["kernel_initializer"], "bias": ["use_bias"],
        "W_regularizer": ["kernel_regularizer"], "b_regularizer": ["bias_regularizer"], "U_regularizer": ["recurrent_regularizer"],
        "W_constraint": ["kernel_constraint"], "b_constraint": ["bias_constraint"], "U_constraint": ["recurrent_constraint"],
        "border_mode": ["padding"], "dim_ordering": ["data_format"], "output_dim": ["units"], "nb_filter": ["filters"],
        "subsample": ["strides"], "subsample_length": ["strides"], "filter_length": ["kernel_size"], "atrous_rate": ["dilation_rate"],
        "pool_length": ["pool_size"], "stride": ["strides"], "length": ["size"], "p": ["rate"], "sigma": ["stddev"],
        "inner_init": ["recurrent_initializer"], "inner_activation": ["recurrent_activation"], "dropout_W": ["dropout"],
        "dropout_U": ["recurrent_dropout"], "forget_bias_init": ["unit_forget_bias"], "consume_less": ["implementation"],
        "beta_init": ["beta_initializer"], "gamma_init": ["gamma_initializer"],
        "input_dim": [], "input_length": [], "input_shape": [], "nb_row": [], "nb_col": [], "kernel_dim1": [], "kernel_dim2": [],
        "kernel_dim3": [], "cache_enabled": [], "truncate_gradient": [],
    ]

    private static let table = [
        "init": ["embeddings_initializer"], "W_regularizer": ["embeddings_regularizer"], "W_constraint": ["embeddings_constraint"],
        "input_dim": ["input_dim"], "output_dim": ["output_dim"], "input_length": ["input_length"], "dropout": [],
    ]

    /// Where a class means something else by a key.
    static let ownKeys: [String: [String: [String]]] = [
        "Embedding": table, "PReLU": ["init": ["alpha_initializer"]], "BatchNormalization": ["mode": []],
        "Deconvolution2D": ["output_shape": []],
        "SeparableConvolution2D": ["init": ["depthwise_initializer", "pointwise_initializer"]],
        "Merge": [:], "Lambda": ["input_shape": []],
    ]

    /// The value of a key in Keras 2's words.
    ///
    /// - Parameter name: the key's name there.
    static func value(_ json: JSON, of name: String, in kind: String) throws -> JSON {
        switch name {
        case "data_format": return json.string.flatMap { orderings[$0] }.map(JSON.string) ?? json
        case "unit_forget_bias": return .bool(json == "one" || json == true)
        case "implementation": return ["cpu": 0, "mem": 1, "gpu": 2][json.string ?? ""].map(JSON.integer) ?? json
        case "padding" where kind.hasPrefix("ZeroPadding"): return edges(json)
        case let name where name.hasSuffix("_initializer"): return initializer(json)
        case let name where name.hasSuffix("_regularizer"): return regularizer(json)
        case let name where name.hasSuffix("_constraint"): return constraint(json)
        default: return json
        }
    }

    /// What hangs on more than one key of a class.
    static let rewrites: [String: @Sendable (_ old: JSONObject, _ new: inout JSONObject) throws -> Void] = [
        "Convolution2D": window, "AtrousConvolution2D": window, "Deconvolution2D": window, "SeparableConvolution2D": window,
        "LocallyConnected2D": window, "ConvLSTM2D": window,
        "Convolution3D": { old, new in
            new["kernel_size"] = .array(["kernel_dim1", "kernel_dim2", "kernel_dim3"].compactMap { old[$0] })
        },
        "BatchNormalization": { old, _ in
            guard let mode = old["mode"], mode.integer != 0 else { return }
            throw KerasError(
                .unsupported, "Keras 2 normalizes by moving statistics alone", at: Place(key: "mode"), found: mode.serialized(),
                expected: "0")
        },
        "MaxPooling1D": nullStrides, "AveragePooling1D": nullStrides,
    ]

    /// Two lengths into one key.
    private static let window: @Sendable (JSONObject, inout JSONObject) throws -> Void = { old, new in
        guard let rows = old["nb_row"], let columns = old["nb_col"] else { return }
        new["kernel_size"] = [rows, columns]
    }

    private static let nullStrides: @Sendable (JSONObject, inout JSONObject) throws -> Void = { _, new in
        if new["strides"]?.isNull == true { new["strides"] = new["pool_size"] }
    }

    /// Cells at both ends of each axis: one number for each, a number for each end, or a dictionary of these.
    private static func edges(_ json: JSON) -> JSON {
        if let named = json.object {
            func cells(_ key: String) -> JSON { named[key] ?? 0 }
            return named["left_pad"] != nil && named["top_pad"] == nil && named["bottom_pad"] == nil
                ? [cells("left_pad"), cells("right_pad")]
                : [[cells("top_pad"), cells("bottom_pad")], [cells("left_pad"), cells("right_pad")]]
        }
        guard let ends = json.array, ends.count == 4, ends.allSatisfy({ $0.integer != nil }) else { return json }
        return [[ends[0], ends[1]], [ends[2], ends[3]]]
    }

    /// Where the function of Keras 1 begins otherwise than Keras 2's of this name.
    private static func initializer(_ json: JSON) -> JSON {
        switch json.string {
        case "orthogonal": ["class_name": "Orthogonal", "config": ["gain": 1.1, "seed": nil]]
        case "glorot_normal": scaling(1, "fan_avg")
        case "he_normal": scaling(2, "fan_in")
        default: json
        }
    }

    private static func scaling(_ scale: Double, _ mode: String) -> JSON {
        [
            "class_name": "VarianceScaling",
            "config": ["scale": .float(scale), "mode": .string(mode), "distribution": "normal", "seed": nil],
        ]
    }

    /// `{"name": "L1L2Regularizer", "l1": …}`.
    private static func regularizer(_ json: JSON) -> JSON {
        guard let words = json.object, words["class_name"] == nil, let name = words["name"]?.string else { return json }
        guard words.contains("l1") || words.contains("l2") else { return object(name, words, [:]) }
        return ["class_name": "L1L2", "config": ["l1": words["l1"] ?? 0.0, "l2": words["l2"] ?? 0.0]]
    }

    /// `{"name": "MaxNorm", "m": 2, "axis": 0}`.
    private static func constraint(_ json: JSON) -> JSON {
        guard let words = json.object, words["class_name"] == nil, let name = words["name"]?.string else { return json }
        return object(name, words, ["m": "max_value", "low": "min_value", "high": "max_value"])
    }

    private static func object(_ name: String, _ words: JSONObject, _ names: [String: String]) -> JSON {
        let settings = words.filter { $0.key != "name" }.map { (names[$0.key] ?? $0.key, $0.value) }
        return ["class_name": .string(name), "config": .object(JSONObject(settings))]
    }
}
