import JSON
import Tensors

/// A long short-term memory over `(n, t, k)`: `(n, units)`, or `(n, t, units)`. See ``LSTMCell``.
public struct LSTM: CelledLayer {
    public static let className = "LSTM"
    public static var blank: LSTM { LSTM(0) }
    public static let keys: [ConfigKey<LSTM>] =
        [RecurrentSettings.penaltyKey(\.activityRegularizer)] + RecurrentSettings.keys(\.recurrent) + [.required("units", \.cell.units)]
        + CellSettings.keys(
            \.cell.settings, .init(hasGates: true, forgetsAfterInitializers: Dialect.all, hasImplementation: true),
            activity: .key("activity_regularizer", \.activityRegularizer))

    public var base = LayerBase()
    public var recurrent = RecurrentSettings()
    public var cell: LSTMCell
    public var activityRegularizer: Regularizer?

    public init(
        _ units: Int, activation: ActivationFunction = .tanh, recurrentActivation: ActivationFunction = .sigmoid, useBias: Bool = true,
        dropout: Double = 0, recurrentDropout: Double = 0, returnSequences: Bool = false, returnState: Bool = false,
        goBackwards: Bool = false, stateful: Bool = false, name: String? = nil
    ) {
        cell = LSTMCell(
            units, activation: activation, recurrentActivation: recurrentActivation, useBias: useBias, dropout: dropout,
            recurrentDropout: recurrentDropout)
        recurrent.returnSequences = returnSequences
        recurrent.returnState = returnState
        recurrent.goBackwards = goBackwards
        recurrent.stateful = stateful
        base.name = name
    }
}
