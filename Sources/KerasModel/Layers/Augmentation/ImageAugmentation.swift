import JSON
import Tensors

/// A layer that changes images at random in training: predicting, it hands them on as they are, which was looked up for each in Keras's source.
///
/// Its settings, which differ between generations, are kept word for word.
public protocol ImageAugmentation: Layer {
    var adopted: JSONObject { get set }
    init()
}

/// One that is trained too: what it draws has Keras's distribution, each image its own numbers unless Keras draws one for the batch.
protocol TrainedAugmentation: ImageAugmentation {
    /// What a step of training makes of images `(n, h, w, c)`.
    func augment(_ images: Value, _ settings: AugmentationSettings, _ call: LayerCall) throws -> Value
}

extension TrainedAugmentation {
    public static var trains: Bool { true }

    func trained(_ images: Value, _ call: LayerCall) throws -> Value {
        guard images.rank == 4 else { throw KerasError(.mismatch, "\(Self.className) takes images", found: "\(images.shape)") }
        let settings = AugmentationSettings(adopted, call)
        return try call.channelsLast(images, settings.dataFormat) { try augment($0, settings, call) }
    }
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
        guard call.isTraining else {
            try call.refuseTrainingMode()
            return [inputs[0].dtype.isFloatingPoint ? inputs[0] : try call.cast(inputs[0], call.computeType)]
        }
        guard let layer = self as? any TrainedAugmentation else {
            throw KerasError(.unsupported, "images are not changed at random in training yet", found: Self.className)
        }
        return [try layer.trained(try call.cast(inputs[0], call.computeType), call)]
    }
}
