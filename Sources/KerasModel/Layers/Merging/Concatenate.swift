import Tensors

/// Its inputs one after the other along `axis`: `(n, …, a)` and `(n, …, b)` → `(n, …, a + b)`.
public struct Concatenate: Layer {
    public static let className = "Concatenate"
    public static let blank = Concatenate()
    public static let inputCount = 1...Int.max
    public static let maskUse = MaskUse.passes
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
}
