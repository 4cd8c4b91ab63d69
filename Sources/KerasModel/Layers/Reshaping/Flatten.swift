import JSON
import Tensors

/// All axes but the batch become one: `(n, h, w, c)` → `(n, h·w·c)`.
///
/// With channels first, `(n, c, h, w)` is brought to `(n, h, w, c)` before it is flattened, so that both formats feed the same Dense. Keras 2
/// before 2.1.6 flattened as the numbers stand and wrote no format, which is what channels last means.
public struct Flatten: Layer {
    public static let className = "Flatten"
    public static let blank = Flatten()
    public static let keys: [ConfigKey<Flatten>] = [.key("data_format", \.dataFormat)]

    public var base = LayerBase()
    public var dataFormat = DataFormat.channelsLast

    public init(dataFormat: DataFormat = .channelsLast, name: String? = nil) {
        self.dataFormat = dataFormat
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try onlyInput(inputs, ofRankAtLeast: 1)
        let lengths = input.dims.dropFirst().compactMap { $0 }
        guard lengths.count == input.rank - 1 else { return [[input[0], nil]] }
        return [[input[0], try Shape(checking: lengths).count]]
    }

    /// It takes images of its format alone, and anything else either way only if it is told so.
    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        dataFormat == move.from ? .either(with { $0.dataFormat = move.to }) : .fixed
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        var x = inputs[0]
        if dataFormat == .channelsFirst, x.rank > 2 { x = try call.transpose(x, [0] + Array(2..<x.rank) + [1]) }
        return [try call.reshape(x, [x.shape[0], x.shape.dims.dropFirst().reduce(1, *)])]
    }
}
