import JSON
import Tensors

/// Gated recurrent units over `(n, t, k)`: `(n, units)`, or `(n, t, units)`. See ``GRUCell``.
public struct GRU: CelledLayer {
    public static let className = "GRU"
    public static var blank: GRU { GRU(0) }
    public static let keys: [ConfigKey<GRU>] =
        [RecurrentSettings.penaltyKey(\.activityRegularizer)] + RecurrentSettings.keys(\.recurrent) + [.required("units", \.cell.units)]
        + CellSettings.keys(
            \.cell.settings, .init(hasGates: true, hasImplementation: true), activity: .key("activity_regularizer", \.activityRegularizer),
            resetAfter: .key("reset_after", \.cell.resetAfter, defaults: [.keras2: false]))

    public var base = LayerBase()
    public var recurrent = RecurrentSettings()
    public var cell: GRUCell
    public var activityRegularizer: Regularizer?

    public init(
        _ units: Int, activation: ActivationFunction = .tanh, recurrentActivation: ActivationFunction = .sigmoid, useBias: Bool = true,
        dropout: Double = 0, recurrentDropout: Double = 0, returnSequences: Bool = false, returnState: Bool = false,
        goBackwards: Bool = false, stateful: Bool = false, resetAfter: Bool = true, name: String? = nil
    ) {
        cell = GRUCell(
            units, activation: activation, recurrentActivation: recurrentActivation, useBias: useBias, dropout: dropout,
            recurrentDropout: recurrentDropout, resetAfter: resetAfter)
        recurrent.returnSequences = returnSequences
        recurrent.returnState = returnState
        recurrent.goBackwards = goBackwards
        recurrent.stateful = stateful
        base.name = name
    }
}
