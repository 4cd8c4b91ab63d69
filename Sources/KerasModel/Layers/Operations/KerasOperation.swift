import JSON
import Tensors

/// An operation of Keras 3 as a file of it writes one: a class of `keras.src.ops` with its settings. A call has further arguments.
public struct KerasOperation: OperationLayer {
    /// Stands for all classes of operations; see ``written``.
    public static let className = "Operation"
    public static let dialects: Set<Dialect> = [.keras3]
    public static let blank = KerasOperation(written: WrittenClass(className))
    public static let commonKeys: [ConfigKey<KerasOperation>] = [.key("name", \.base.name)]
    public static let keys: [ConfigKey<KerasOperation>] = []

    public var base = LayerBase()
    public var written: WrittenClass
    /// The settings, as written.
    public private(set) var adopted = JSONObject()

    public init(written: WrittenClass) { self.written = written }

    public mutating func adopt(_ rest: JSONObject) -> JSONObject {
        adopted = rest
        return [:]
    }

    public var typeName: String { written.name }
    public var function: Function { Function(name: written.name, vocabulary: .keras3) }

    /// Tensors are given by position, before what the configuration says by name.
    public func completed(_ form: CallForm) throws -> CallForm {
        CallForm(form.positional, keywords: adopted.map { ($0.key, .value($0.value)) } + form.keywords)
    }

    /// Keras 3 writes operations into an `.h5`, and does not find them when it reads it.
    public func check(outputs: [SymbolicShape], for context: EncodingContext) throws {
        guard context.isForOldReaderOfKeras3 else { return }
        throw KerasError(
            .unsupported, "Keras 3 does not read operations from an .h5", at: Place(layer: name), found: written.name,
            expected: "a .keras file")
    }

    /// Where Keras 3 has an operation, which an `.h5` does not say.
    private static func module(of name: String) -> String {
        "keras.src.ops." + (modules.first { $0.names.contains(name) }?.module ?? "numpy")
    }

    private static let modules: [(module: String, names: Set<String>)] = [
        (
            "nn",
            [
                "Relu", "Relu6", "Sigmoid", "SparseSigmoid", "Softplus", "Softsign", "SoftShrink", "SparsePlus", "Silu", "Squareplus",
                "LogSigmoid", "LeakyRelu", "HardSigmoid", "HardSilu", "Elu", "Selu", "Gelu", "Celu", "TanhShrink", "HardTanh",
                "HardShrink", "Threshold", "Softmax", "LogSoftmax", "MaxPool", "AveragePool", "OneHot", "Normalize", "DepthToSpace",
                "SpaceToDepth",
            ]
        ), ("core", ["Slice", "StopGradient", "Unstack", "Cast"]), ("math", ["Logsumexp", "Rsqrt", "Erf"]), ("image", ["Resize"]),
    ]

    /// The operation that an entry of Keras 3's `layers` means; nil for a layer. In an `.h5` nothing but its settings tells an operation from
    /// a layer of the same name.
    package init?(entry: JSON, isLayer: Bool) {
        guard let name = entry["class_name"]?.string else { return nil }
        let module = entry["module"]?.string
        if let module {
            guard module.hasPrefix("keras.src.ops") || module.hasPrefix("keras.ops") else { return nil }
        } else {
            guard Operation.named(name, in: .keras3) != nil,
                !isLayer || entry["config"]?["trainable"] == nil && entry["config"]?["dtype"] == nil
            else { return nil }
        }
        self.init(
            written: WrittenClass(name, module: module ?? Self.module(of: name), registeredName: entry["registered_name"]?.string ?? name))
    }
}
