import JSON
import Tensors

/// A layer that changes images at random in training: predicting, it hands them on as they are, which was looked up for each in Keras's source.
///
/// What it does in training is not run yet. Its settings, which differ between generations, are kept word for word.
public protocol ImageAugmentation: Layer {
    var adopted: JSONObject { get set }
    init()
}

extension ImageAugmentation {
    public static var dialects: Set<Dialect> { [.keras3] }
    public static var trains: Bool { false }
    public static var blank: Self { Self() }
    public static var keys: [ConfigKey<Self>] { [] }

    public mutating func adopt(_ rest: JSONObject) -> JSONObject {
        adopted = rest
        return [:]
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        adopted.contains("data_format") ? .fixed : .either(self)
    }

    public func check(outputs: [SymbolicShape], for context: EncodingContext) throws {
        guard let source = base.dialect, context.readers != [source] else { return }
        throw KerasError(
            .unsupported, "the settings of this layer are said in one Keras's words", at: Place(layer: name), found: source.rawValue)
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        guard !call.isTraining else {
            throw KerasError(.unsupported, "images are not changed at random in training yet", found: Self.className)
        }
        try call.refuseTrainingMode()
        return [inputs[0].dtype.isFloatingPoint ? inputs[0] : try call.cast(inputs[0], call.computeType)]
    }
}
