import JSON
import Tensors

/// Where the channels stand. Keras: `data_format`.
public enum DataFormat: String, CaseIterable, ConfigValue {
    case channelsLast = "channels_last"
    case channelsFirst = "channels_first"

    /// `null` is channels-last, as in every keras.json but Theano's, which wrote it out.
    public init(config: JSON, in context: DecodingContext) throws {
        switch config {
        case .null, "channels_last": self = .channelsLast
        case "channels_first": self = .channelsFirst
        default: throw KerasError.unexpected(config, expected: "'channels_last' or 'channels_first'")
        }
    }

    /// The spatial axes and the channel axis of a tensor with `rank` spatial axes.
    func axes(rank: Int) -> (spatial: Range<Int>, channels: Int) {
        self == .channelsLast ? (1..<rank + 1, rank + 1) : (2..<rank + 2, 1)
    }
}

/// What stands round the input of a window. Keras: `padding`.
public enum Padding: String, CaseIterable, ConfigValue {
    case valid, same
    /// Zeros before the first step alone (Conv1D).
    case causal

    /// The number of windows along an axis; nil where its length is unknown.
    ///
    /// - Throws: a `mismatch` problem if no window fits.
    func outputLength(_ length: Int?, window: Int, stride: Int, dilation: Int = 1) throws -> Int? {
        guard let length else { return nil }
        let extent = (window - 1) * dilation + 1
        switch self {
        case .same, .causal: return (length + stride - 1) / stride
        case .valid:
            guard length >= extent else {
                throw KerasError(.mismatch, "a window is larger than its input", found: "\(length) cells", expected: "at least \(extent)")
            }
            return (length - extent) / stride + 1
        }
    }

    /// The cells added on either side; with `same` the odd one goes to the end.
    func edges(_ length: Int, window: Int, stride: Int, dilation: Int = 1) -> Edges {
        let extent = (window - 1) * dilation + 1
        switch self {
        case .valid: return .none
        case .causal: return Edges(extent - 1, 0)
        case .same:
            let total = max(((length + stride - 1) / stride - 1) * stride + extent - length, 0)
            return Edges(total / 2, total - total / 2)
        }
    }
}
