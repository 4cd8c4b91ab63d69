import JSON
import Tensors

/// What frequencies a sound has as time goes on: `(n, t, c)` → `(n, t', c · bins)`. The Fourier transform is a convolution whose kernels are
/// weights, which training may move.
public struct STFTSpectrogram: Layer {
    public static let className = "STFTSpectrogram"
    public static let dialects: Set<Dialect> = [.keras3]
    public static let blank = STFTSpectrogram()
    public static let keys: [ConfigKey<STFTSpectrogram>] = [
        .key("mode", \.mode),
        .key("frame_length", \.frameLength),
        .key("frame_step", \.frameStep),
        .key("fft_length", \.transformLength),
        .key("window", \.window),
        .key("periodic", \.isPeriodic),
        .key("scaling", \.scaling),
        .key("padding", \.padding),
        .key("data_format", \.dataFormat),
        .key("expand_dims", \.expandsDims),
    ]

    /// What is told of each frequency.
    public enum Mode: String, CaseIterable, ConfigValue { case log, magnitude, psd, real, imag, angle, stft }

    public var base = LayerBase()
    public var mode = Mode.log
    /// Keras: `frame_length`.
    public var frameLength = 256
    /// Keras: `frame_step`, half a frame if nobody says.
    public var frameStep: Int?
    /// Keras: `fft_length`, the next power of two if nobody says.
    public var transformLength: Int?
    var window: JSON = "hann"
    var isPeriodic = false
    var scaling: String? = "density"
    public var padding = Padding.valid
    public var dataFormat = DataFormat.channelsLast
    /// Whether frequencies get an axis of their own. Keras: `expand_dims`.
    public var expandsDims = false

    public init() {}

    private var step: Int { frameStep ?? frameLength / 2 }
    /// How many frequencies.
    private var bins: Int {
        var length = 1
        while length < min(frameLength, 1 << 24) { length *= 2 }
        return min(transformLength ?? length, 1 << 24) / 2 + 1
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        try [("real", Mode.imag), ("imag", .real)].filter { $0.1 != mode }.map { part, _ in
            let config: JSONObject = [
                "side": .string(part), "window": window, "scaling": scaling.map { .string($0) } ?? .null, "periodic": .bool(isPeriodic),
            ]
            return try WeightSpec("\(part)_kernel", [frameLength, 1, bins], Initializer(className: "STFT", config: config))
        }
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try onlyInput(inputs)
        try input.check(rank: 3)
        try checkExtents([frameLength, step, bins - 1], rank: 3, key: "frame_length")
        guard frameLength <= 1 << 20, bins <= 1 << 20 else {
            throw KerasError(
                .resource, "a transform is too long", at: Place(key: "fft_length"), found: "\(frameLength)", expected: "at most 2^20")
        }
        guard padding != .causal, mode != .angle else {
            throw KerasError(
                .unsupported, "a spectrogram with these settings is not run", at: Place(key: mode == .angle ? "mode" : "padding"),
                found: mode == .angle ? "'angle'" : "'causal'")
        }
        let isLast = dataFormat == .channelsLast
        let channels = try input.known(isLast ? 2 : 1)
        let length = input.dims[isLast ? 1 : 2]
        let frames = try length.map { length in
            guard padding == .same || length >= frameLength else {
                throw KerasError(.mismatch, "a sound is shorter than a frame", found: "\(length)", expected: "at least \(frameLength)")
            }
            return padding == .same ? (length + step - 1) / step : (length - frameLength) / step + 1
        }
        let count = bins * (mode == .stft ? 2 : 1)
        let dims: [Int?] =
            switch (isLast, expandsDims) {
            case (true, true): [frames, count, channels]
            case (true, false): [frames, channels * count]
            case (false, true): [channels, frames, count]
            case (false, false): [channels * count, frames]
            }
        return [SymbolicShape([input.dims[0]] + dims)]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let x = dataFormat == .channelsLast ? try call.transpose(inputs[0], [0, 2, 1]) : inputs[0]
        let (samples, channels, length) = (x.shape[0], x.shape[1], x.shape[2])
        let sounds = try call.reshape(x, [samples * channels, length, 1])
        let total = padding == .same ? max(((length + step - 1) / step - 1) * step + frameLength - length, 0) : 0
        let convolution = Convolution(strides: [step], dilation: [1], padding: [Edges(total / 2, total - total / 2)])
        func part(_ name: String) throws -> Value {
            let frames = try call.emit(.convolution(convolution), sounds, try call.weight(name, as: x.dtype))
            return try call.reshape(frames, [samples, channels] + frames.shape.dims.dropFirst())
        }
        // (n, channels, frames, frequencies) until the end.
        var result: Value
        switch mode {
        case .real: result = try part("real_kernel")
        case .imag: result = try part("imag_kernel")
        case .stft: result = try call.emit(.concatenate(axis: 3), try part("real_kernel"), try part("imag_kernel"))
        default:
            let squares = try ["real_kernel", "imag_kernel"].map { try call.emit(.unary(.square), try part($0)) }
            result = try call.emit(.binary(.add), squares[0], squares[1])
            if mode == .psd {
                // All but the first and the last stand for two frequencies.
                let twice = (0..<bins).map { $0 == 0 || $0 == bins - 1 ? 1.0 : 2 }
                result = try call.emit(.binary(.multiply), result, call.lowering.graph.constant(try Tensor(twice).converted(to: x.dtype)))
            } else {
                result = try call.emit(.unary(.sqrt), try call.emit(.unary(.clamp(low: 1e-7, high: .infinity)), result))
                if mode == .log {
                    result = try call.emit(.unary(.log), try call.emit(.unary(.clamp(low: 1e-7, high: .infinity)), result))
                }
            }
        }
        let (frames, count) = (result.shape[2], result.shape[3])
        switch (dataFormat, expandsDims) {
        case (.channelsLast, true): return [try call.transpose(result, [0, 2, 3, 1])]
        case (.channelsLast, false):
            return [try call.reshape(try call.transpose(result, [0, 2, 1, 3]), [samples, frames, channels * count])]
        case (.channelsFirst, true): return [result]
        case (.channelsFirst, false):
            return [try call.reshape(try call.transpose(result, [0, 1, 3, 2]), [samples, channels * count, frames])]
        }
    }
}
