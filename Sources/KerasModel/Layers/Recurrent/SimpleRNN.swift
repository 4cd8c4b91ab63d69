import JSON
import Tensors

/// A plain recurrent network over `(n, t, k)`: `(n, units)`, or `(n, t, units)`.
public struct SimpleRNN: CelledLayer {
    public static let className = "SimpleRNN"
    public static var blank: SimpleRNN { SimpleRNN(0) }
    public static let keys: [ConfigKey<SimpleRNN>] =
        RecurrentSettings.keys(\.recurrent) + [.required("units", \.cell.units)]
        + CellSettings.keys(\.cell.settings, .init(hasSeed: []), activity: .key("activity_regularizer", \.activityRegularizer))

    public var base = LayerBase()
    public var recurrent = RecurrentSettings()
    public var cell: SimpleRNNCell
    public var activityRegularizer: Regularizer?

    public init(
        _ units: Int, activation: ActivationFunction = .tanh, useBias: Bool = true, dropout: Double = 0, recurrentDropout: Double = 0,
        returnSequences: Bool = false, returnState: Bool = false, goBackwards: Bool = false, stateful: Bool = false, name: String? = nil
    ) {
        cell = SimpleRNNCell(units, activation: activation, useBias: useBias, dropout: dropout, recurrentDropout: recurrentDropout)
        recurrent.returnSequences = returnSequences
        recurrent.returnState = returnState
        recurrent.goBackwards = goBackwards
        recurrent.stateful = stateful
        base.name = name
    }
}
