import JSON
import JSON
import Tensors

/// A layer that changes values in training alone: predicting, it hands its input on.
public protocol TrainingOnly: Layer {
    /// What a step of training makes of the values.
    func train(_ x: Value, _ call: LayerCall) throws -> Value
}

/// A layer that changes values at random in training, and in a way of its own when predicting.
public protocol RandomInTraining: Layer {
    /// What it does then, in a phrase.
    static var whenPredicting: String { get }
}

extension TrainingOnly {
    public static var maskUse: MaskUse { .passes }
    public static var writesInputShape: Bool { false }
    public static var callKeywords: JSONObject { ["training": false] }
    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid { .either(self) }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        try call.refuseTrainingMode()
        return call.isTraining ? [try train(inputs[0], call)] : inputs
    }
}

extension LayerCall {
    /// Whether the layer comes from a file of Keras before 3.
    var isOfOlderKeras: Bool { layer.base.dialect.map(Dialect.older.contains) ?? false }

    /// Before Keras 3 a call made with `training=True` ran so at prediction too; Keras 3 does not heed it there.
    func refuseTrainingMode() throws {
        guard phase != .train, isOfOlderKeras, let training = keywords["training"], training == true || training == 1 else { return }
        throw KerasError(
            .unsupported, "this call is in training mode at prediction too, which is not run yet", found: "training = \(training)")
    }

    /// `x` with numbers set to 0 with probability `rate` and the others scaled, so that their sum stays what it was on the average.
    ///
    /// - Parameter noiseShape: axes of length 1 share one draw; nil stands for the input's length.
    func dropout(_ x: Value, rate: Double, noiseShape: [Int?]?, seed: Int?) throws -> Value {
        guard rate > 0 else { return x }
        return try emit(.binary(.multiply), x, try random(.dropout(rate: rate), try noise(noiseShape, x.shape), seed: seed))
    }

    /// The shape of what is drawn for values of this shape.
    func noise(_ noiseShape: [Int?]?, _ shape: Shape) throws -> Shape {
        guard let noiseShape else { return shape }
        guard noiseShape.count == shape.rank, zip(noiseShape, shape.dims).allSatisfy({ $0 == nil || $0 == 1 || $0 == $1 }) else {
            throw KerasError(
                .mismatch, "the noise does not fit the input", at: Place(key: "noise_shape"),
                found: Shape.text(noiseShape.map { $0 ?? -1 }), expected: "1 or the input's length along each axis of \(shape)")
        }
        return Shape(zip(noiseShape, shape.dims).map { $0 ?? $1 })
    }
}
