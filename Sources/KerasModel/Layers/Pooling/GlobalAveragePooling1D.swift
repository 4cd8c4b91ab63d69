import JSON

/// The mean of each channel: `(n, steps, c)` → `(n, c)`, or `(n, 1, c)` where the axes are kept.
public struct GlobalAveragePooling1D: GlobalPoolingLayer {
    public static let className = "GlobalAveragePooling1D"
    public static let aliases = ["GlobalAvgPool1D"]
    public static let callKeywords: JSONObject = ["mask": nil]
    public static let spatialRank = 1
    public static let reduction = Reduction.mean

    public var base = LayerBase()
    public var dataFormat = DataFormat.channelsLast
    public var keepDims = false

    public init() {}

    /// The mean is that of the steps the mask leaves. What it leaves out is not looked at by Keras 3, and multiplied by 0 before.
    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let steps = dataFormat == .channelsLast ? 1 : 2
        guard let mask = call.mask(ofInput: 0) else {
            return [try call.emit(.reduce(.mean, axes: [steps], keepDims: keepDims), inputs[0])]
        }
        let type = inputs[0].dtype
        let counted = try call.cast(try call.reshape(mask, mask.shape.dims.inserting(1, at: 3 - steps)), type)
        let left =
            call.isOfOlderKeras ? try call.emit(.binary(.multiply), inputs[0], counted) : try call.choose(counted, inputs[0])
        let sums = try [left, counted].map { try call.emit(.reduce(.sum, axes: [steps], keepDims: keepDims), $0) }
        return [try call.emit(.binary(.divide), sums)]
    }
}

extension Array {
    func inserting(_ element: Element, at index: Int) -> [Element] {
        var copy = self
        copy.insert(element, at: index)
        return copy
    }
}
