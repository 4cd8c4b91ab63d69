import JSON
import Tensors

/// A convolutional LSTM over steps of lines `(n, t, s, c)`. See ``ConvLSTMLayer``.
public struct ConvLSTM1D: ConvLSTMLayer {
    public static let className = "ConvLSTM1D"
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let spatialRank = 1

    public var base = LayerBase()
    public var recurrent = RecurrentSettings()
    public var held = ConvLSTMSettings(rank: 1)

    public init(
        _ filters: Int, _ kernelSize: [Int], strides: [Int]? = nil, padding: Padding = .valid, dataFormat: DataFormat = .channelsLast,
        activation: ActivationFunction = .tanh, recurrentActivation: ActivationFunction = .sigmoid, returnSequences: Bool = false,
        returnState: Bool = false, goBackwards: Bool = false, name: String? = nil
    ) {
        self = configured(
            filters, kernelSize, strides: strides, padding: padding, dataFormat: dataFormat, activation: activation,
            recurrentActivation: recurrentActivation, returnSequences: returnSequences, returnState: returnState, goBackwards: goBackwards,
            name: name)
    }
}
