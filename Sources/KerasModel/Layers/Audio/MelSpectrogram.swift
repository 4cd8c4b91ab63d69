import JSON
import Tensors

#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// How loud a sound is at the pitches that an ear tells apart: `(n, t)` → `(n, mels, frames)`, in decibels if nobody says otherwise.
public struct MelSpectrogram: Layer {
    public static let className = "MelSpectrogram"
    public static let dialects: Set<Dialect> = [.keras3]
    public static let blank = MelSpectrogram()
    /// Decibels are bounded below by the loudest sound of a batch: batches are Keras's.
    public static let readsData = true
    public static let writesInputShape = false
    public static let keys: [ConfigKey<MelSpectrogram>] = [
        .key("fft_length", \.transformLength),
        .key("sequence_stride", \.stride),
        .key("sequence_length", \.frameLength),
        .key("window", \.window),
        .key("sampling_rate", \.samplingRate),
        .key("num_mel_bins", \.bandCount),
        .key("min_freq", \.lowest),
        .key("max_freq", \.highest),
        .key("power_to_db", \.isInDecibels),
        .key("top_db", \.range),
        .key("mag_exp", \.exponent),
        .key("min_power", \.leastPower),
        .key("ref_power", \.referencePower),
    ]

    public var base = LayerBase()
    /// Keras: `fft_length`.
    public var transformLength = 2048
    /// Keras: `sequence_stride`.
    public var stride = 512
    /// Keras: `sequence_length`, that of the transform if nobody says.
    public var frameLength: Int?
    var window: JSON = "hann"
    /// Keras: `sampling_rate`.
    public var samplingRate = Numbers(16000)
    /// Keras: `num_mel_bins`.
    public var bandCount = 128
    /// Keras: `min_freq`.
    public var lowest = Numbers(20)
    /// Keras: `max_freq`, half the sampling rate if nobody says.
    public var highest: Numbers?
    /// Keras: `power_to_db`.
    public var isInDecibels = true
    /// Keras: `top_db`.
    var range = Numbers(80)
    /// Keras: `mag_exp`.
    var exponent = Numbers(2)
    /// Keras: `min_power`.
    var leastPower = Numbers(1e-10)
    /// Keras: `ref_power`.
    var referencePower = Numbers(1)

    public init() {}

    private var framed: Int { frameLength ?? transformLength }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try onlyInput(inputs)
        try input.check(rank: 2)
        try checkExtents([transformLength, stride, framed, bandCount], rank: 4, key: "fft_length")
        guard framed <= transformLength, window.isNull || window == "hann" || window == "hamming" || (window.array?.count ?? -1) == framed
        else {
            throw KerasError(
                .malformed, "frames of a sound are not what they must be", at: Place(key: "window"), found: window.summary,
                expected: "'hann', 'hamming', or \(framed) numbers; frames of at most \(transformLength)")
        }
        guard transformLength <= 1 << 16, bandCount <= 1 << 12 else {
            throw KerasError(
                .resource, "a transform is too long, or has too many bands", at: Place(key: "fft_length"),
                found: "\(transformLength), \(bandCount) bands", expected: "at most 2^16, 2^12 bands")
        }
        let half = transformLength / 2
        let frames = try input.dims[1].map { length in
            guard length > half else {
                throw KerasError(.mismatch, "a sound is too short to be mirrored", found: "\(length)", expected: "more than \(half)")
            }
            return (length + 2 * half - transformLength) / stride + 1
        }
        return [[input.dims[0], bandCount, frames]]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let type: DType = call.computeType == .float64 ? .float64 : .float32
        let x = try call.cast(inputs[0], type)
        func constant(_ numbers: [Double], _ shape: Shape) throws -> Value {
            call.lowering.graph.constant(try Tensor(numbers, shape: shape).converted(to: type))
        }
        // Frames of the sound, mirrored at both ends, each from the places it sees.
        let (samples, length) = (x.shape[0], x.shape[1])
        let half = transformLength / 2
        let frames = (length + 2 * half - transformLength) / stride + 1
        _ = try Shape(checking: [samples, frames, transformLength, 4])
        let places = (0..<frames).flatMap { frame in
            (0..<transformLength).map { offset -> Int32 in
                let place = frame * stride + offset - half
                return Int32(place < 0 ? -place : place >= length ? 2 * (length - 1) - place : place)
            }
        }
        let table = call.lowering.graph.constant(try Tensor(places, shape: [frames, transformLength]))
        let found = try call.transpose(try call.emit(.gather, try call.transpose(x, [1, 0]), table), [2, 0, 1])
        let windowed = try call.emit(.binary(.multiply), found, try constant(try windowCells(), [transformLength]))
        let (real, imaginary) = try FourierTransform(transformLength).lower(
            try call.reshape(windowed, [samples * frames, transformLength]), call, constant)
        let power = try call.emit(
            .binary(.add), try call.emit(.unary(.square), real), try call.emit(.unary(.square), imaginary))
        let magnitude = try call.emit(.unary(.sqrt), power)
        let raised =
            try exponent.number == 2 ? call.emit(.unary(.square), magnitude) : call.emit(.unary(.power(exponent.number)), magnitude)
        var bands = try call.emit(.matrixMultiply, raised, try constant(melMatrix(), [half + 1, bandCount]))
        bands = try call.reshape(bands, [samples, frames, bandCount])
        if isInDecibels {
            let decibel = 10 / log(10.0)
            let logs = try call.emit(.unary(.log), try call.emit(.unary(.clamp(low: leastPower.number, high: .infinity)), bands))
            let reference = 10 * log10(max(abs(referencePower.number), leastPower.number))
            let scaled = try call.emit(.unary(.affine(scale: decibel, offset: -reference)), logs)
            let loudest = try call.emit(.reduce(.max, axes: [0, 1, 2], keepDims: true), scaled)
            bands = try call.emit(.binary(.maximum), scaled, try call.emit(.unary(.affine(scale: 1, offset: -range.number)), loudest))
        }
        return [try call.cast(try call.transpose(bands, [0, 2, 1]), call.computeType)]
    }

    /// Of a frame within the transform.
    private func windowCells() throws -> [Double] {
        let count = framed
        let own: [Double]
        if let numbers = window.array {
            own = numbers.compactMap(\.number)
        } else if window.isNull {
            // tf.signal.stft without a window takes the frame as it is.
            return Array(repeating: 1, count: transformLength)
        } else {
            // As TensorFlow makes them: periodic if the length is even.
            let mean = window == "hann" ? 0.5 : 0.54
            let period = Double(count % 2 == 0 ? count : max(count - 1, 1))
            own = count == 1 ? [1] : (0..<count).map { mean - (1 - mean) * cos(2 * .pi * Double($0) / period) }
        }
        let left = (transformLength - count) / 2
        return Array(repeating: 0, count: left) + own + Array(repeating: 0, count: transformLength - count - left)
    }

    /// `(frequencies, bands)`: triangles between neighbouring pitches. Source: `linear_to_mel_weight_matrix`.
    private func melMatrix() -> [Double] {
        func mel(_ hertz: Double) -> Double { 1127 * log(1 + hertz / 700) }
        let count = transformLength / 2 + 1
        let rate = samplingRate.number
        let (low, high) = (mel(lowest.number), mel(highest?.number ?? (rate / 2).rounded(.down)))
        let edges = (0..<bandCount + 2).map { low + (high - low) * Double($0) / Double(bandCount + 1) }
        var matrix = Array(repeating: 0.0, count: count * bandCount)
        for bin in 1..<count {
            let pitch = mel(rate / 2 * Double(bin) / Double(count - 1))
            for band in 0..<bandCount {
                let rising = (pitch - edges[band]) / (edges[band + 1] - edges[band])
                let falling = (edges[band + 2] - pitch) / (edges[band + 2] - edges[band + 1])
                matrix[bin * bandCount + band] = max(0, min(rising, falling))
            }
        }
        return matrix
    }
}

extension Numbers {
    /// The only one.
    fileprivate var number: Double { values.first ?? .nan }
}
