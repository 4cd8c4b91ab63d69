import JSON
import Tensors

/// Each channel of an image stretched to the whole range, from its darkest to its brightest: `(n, h, w, c)` → `(n, h, w, c)`. One of a single
/// shade stays.
public struct AutoContrast: Layer {
    public static let className = "AutoContrast"
    public static let dialects: Set<Dialect> = [.keras3]
    public static let blank = AutoContrast()
    public static let keys: [ConfigKey<AutoContrast>] = [
        .key("data_format", \.dataFormat),
        .key("value_range", \.valueRange),
    ]

    public var base = LayerBase()
    var dataFormat = DataFormat.channelsLast
    /// What is darkest and what brightest.
    public var valueRange = Numbers([0, 255])

    public init() {}

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try onlyInput(inputs)
        try input.check(rank: 4)
        guard valueRange.values.count == 2, valueRange.values[0] < valueRange.values[1] else {
            throw KerasError(.malformed, "a range has no two ends", at: Place(key: "value_range"), found: "\(valueRange.values)")
        }
        return [input]
    }

    /// Keras takes the axes 1 and 2 for the image's whatever the data format.
    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let (low, high) = (valueRange.values[0], valueRange.values[1])
        let original = try call.cast(inputs[0], call.computeType)
        let scale = 255 / (high - low)
        let x = low == 0 && high == 255 ? original : try call.emit(.unary(.affine(scale: scale, offset: -low * scale)), original)
        let darkest = try call.emit(.reduce(.min, axes: [1, 2], keepDims: true), x)
        let brightest = try call.emit(.reduce(.max, axes: [1, 2], keepDims: true), x)
        let span = try call.emit(.binary(.subtract), brightest, darkest)
        // A channel of one shade has no span, and would be divided by it.
        let isFlat = try call.emit(.binary(.equal), span, try call.constant([0], shape: []))
        let safe = try call.emit(.binary(.add), span, isFlat)
        let factor = try call.emit(.unary(.affine(scale: 255, offset: 0)), try call.emit(.unary(.reciprocal), safe))
        let offset = try call.emit(.unary(.negate), try call.emit(.binary(.multiply), darkest, factor))
        let stretched = try call.emit(.binary(.add), try call.emit(.binary(.multiply), x, factor), offset)
        var result = try call.emit(.unary(.clamp(low: 0, high: 255)), stretched)
        if low != 0 || high != 255 { result = try call.emit(.unary(.affine(scale: (high - low) / 255, offset: low)), result) }
        let mark = try call.emit(.broadcast(x.shape), isFlat)
        let kept = try call.emit(.binary(.gate), original, mark)
        let changed = try call.emit(.binary(.gate), result, try call.emit(.unary(.affine(scale: -1, offset: 1)), mark))
        return [try call.emit(.binary(.add), kept, changed)]
    }
}
