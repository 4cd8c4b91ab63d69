import JSON
import Tensors

/// An ``LSTM`` as cuDNN computes it, with weights as cuDNN has them: tanh, and the sigmoid that is none of the hard ones. Keras 2, and TensorFlow's
/// `compat.v1`. It takes no mask.
public struct CuDNNLSTM: CelledLayer {
    public static let className = "CuDNNLSTM"
    public static let dialects = Dialect.older
    public static let takesMasks = false
    public static var blank: CuDNNLSTM { CuDNNLSTM(0) }
    public static let keys: [ConfigKey<CuDNNLSTM>] =
        CellSettings.cuDNNKeys(
            RecurrentSettings.keys(\.recurrent) + [.required("units", \.cell.units)]
                + CellSettings.keys(
                    \.cell.settings, .init(forgetsAfterInitializers: Dialect.older),
                    activity: .key("activity_regularizer", \.activityRegularizer)))

    public var base = LayerBase()
    public var recurrent = RecurrentSettings()
    public var cell: LSTMCell
    public var activityRegularizer: Regularizer?

    /// Keras has no cell here.
    public var children: [ChildLayer] { [ChildLayer("", heldCell)] }

    public init(_ units: Int, name: String? = nil) {
        cell = LSTMCell(units)
        cell.settings.isCuDNN = true
        base.name = name
    }
}
