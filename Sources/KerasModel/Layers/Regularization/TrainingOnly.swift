import JSON
import Tensors

/// A layer that changes values in training alone: predicting, it hands its input on.
public protocol TrainingOnly: Layer {}

extension TrainingOnly {
    public static var maskUse: MaskUse { .passes }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        try call.refuseTrainingMode()
        return inputs
    }
}

extension LayerCall {
    /// Whether the layer comes from a file of Keras before 3.
    var isOfOlderKeras: Bool { layer.base.dialect.map(Dialect.older.contains) ?? false }

    /// Before Keras 3 a call made with `training=True` ran so at prediction too; Keras 3 does not heed it there.
    func refuseTrainingMode() throws {
        guard isOfOlderKeras, let training = keywords["training"], training == true || training == 1 else { return }
        throw KerasError(
            .unsupported, "this call is in training mode at prediction too, which is not run yet", found: "training = \(training)")
    }
}
