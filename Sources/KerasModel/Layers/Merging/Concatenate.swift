import Tensors

/// Its inputs one after the other along `axis`: `(n, …, a)` and `(n, …, b)` → `(n, …, a + b)`.
public struct Concatenate: Layer {
    public static let className = "Concatenate"
    public static let blank = Concatenate()
    public static let inputCount = 1...Int.max
    public static let keys: [ConfigKey<Concatenate>] = [.key("axis", \.axis)]

    public var base = LayerBase()
    public var axis = -1

    public init(axis: Int = -1, name: String? = nil) {
        self.axis = axis
        base.name = name
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        var output = inputs[0]
        let axis = try output.axis(axis)
        for input in inputs.dropFirst() {
            let fits =
                input.rank == output.rank
                && output.dims.indices.allSatisfy { index in
                    guard index != axis, let own = output[index], let other = input[index] else { return true }
                    return own == other
                }
            guard fits else {
                let found = inputs.map(\.description).joined(separator: ", ")
                throw KerasError(.mismatch, "the inputs differ along other axes than the one they are joined on", found: found)
            }
            if let own = output[axis], let other = input[axis] {
                let (sum, overflows) = own.addingReportingOverflow(other)
                guard !overflows else { throw KerasError(.resource, "a length is too large", found: "\(own) + \(other)") }
                output[axis] = sum
            } else {
                output[axis] = nil
            }
        }
        return [output]
    }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        let axis = try move.axis(axis, of: inputs[0])
        return .either(with { $0.axis = axis })
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let axis = try SymbolicShape(inputs[0].shape).axis(axis)
        let isFloating = inputs.contains { $0.dtype.isFloatingPoint }
        let operands = isFloating ? try inputs.map { try call.cast($0, call.computeType) } : inputs
        return [operands.count == 1 ? operands[0] : try call.emit(.concatenate(axis: axis), operands)]
    }

    /// Of the inputs' masks, each with the input's axes, joined like the inputs: where any along the last axis counts in Keras 3, where all do
    /// before. Before Keras 3 a mask of fewer axes has a last axis of length 1.
    public func masks(_ inputs: [Value], _ outputs: [Value], _ call: LayerCall) throws -> [Value?] {
        guard inputs.indices.contains(where: { call.carriedMask(ofInput: $0) != nil }) else { return [nil] }
        let axis = try SymbolicShape(inputs[0].shape).axis(axis)
        let masks = try inputs.enumerated().map { index, input in
            guard let mask = call.carriedMask(ofInput: index) else { return try call.broadcast(try call.mask([1], [1]), input.shape) }
            guard mask.rank < input.rank else { return mask }
            let wide = try call.reshape(mask, mask.shape.dims + [1])
            return call.isOfOlderKeras ? wide : try call.broadcast(wide, input.shape)
        }
        let joined = masks.count == 1 ? masks[0] : try call.emit(.concatenate(axis: axis), masks)
        return [try call.emit(.reduce(call.isOfOlderKeras ? .min : .max, axes: [joined.rank - 1], keepDims: false), joined)]
    }
}
