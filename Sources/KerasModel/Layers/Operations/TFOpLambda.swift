import JSON
import Tensors

/// A function of TensorFlow as tf.keras since TensorFlow 2.4 writes it: `math.add`, `nn.relu`, `__operators__.getitem`.
public struct TFOpLambda: OperationLayer {
    public static let className = "TFOpLambda"
    public static let aliases = ["SlicingOpLambda"]
    public static let dialects: Set<Dialect> = [.tfKeras]
    public static let blank = TFOpLambda("")
    public static let keys: [ConfigKey<TFOpLambda>] = [.required("function", \.symbol)]

    public var base = LayerBase()
    /// Its name behind `tf.`.
    public var symbol: String

    public init(_ symbol: String) { self.symbol = symbol }

    public var written: WrittenClass { WrittenClass(symbol.hasSuffix("getitem") ? "SlicingOpLambda" : Self.className) }
    public var typeName: String { written.name }
    public var function: Function { Function(name: symbol, vocabulary: .tensorflow) }
}
