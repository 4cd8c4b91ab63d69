import Tensors

/// Joins inputs element by element, broadcast. An input of fewer axes gets ones after the batch.
public protocol ElementwiseMerge: Layer {
    /// What joins the inputs from first to last.
    static var operation: Binary { get }
    /// What Keras 3 does with masks while it joins.
    static var masking: MergeMasking { get }
    /// What is done with the joined value of `count` inputs.
    func finish(_ merged: Value, of count: Int, _ call: LayerCall) throws -> Value
}

/// How Keras 3 joins numbers that masks leave out; before, all are joined.
public enum MergeMasking: Sendable {
    /// Like the others.
    case none
    /// They are 1; where nothing is left, the result is 0.
    case one
    /// The other operand stands in for them.
    case other
}

extension ElementwiseMerge {
    public static var masking: MergeMasking { .none }
    public static var inputCount: ClosedRange<Int> { 1...Int.max }
    public func finish(_ merged: Value, of count: Int, _ call: LayerCall) throws -> Value { merged }

    public func relaid(_ move: ChannelMove, _ inputs: [SymbolicShape]) throws -> Relaid {
        Set(inputs.map(\.rank)).count == 1 ? .either(self) : .fixed
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let rank = inputs.map(\.rank).max()!
        let shapes = inputs.map { SymbolicShape(aligned($0.dims, to: rank, with: 1)) }
        return [try shapes.dropFirst().reduce(shapes[0], merge)]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let rank = inputs.map(\.rank).max()!
        // Whole numbers meet floating-point ones as such.
        let isFloating = inputs.contains { $0.dtype.isFloatingPoint }
        let operands = try inputs.map { input in
            let value = isFloating ? try call.cast(input, call.computeType) : input
            return try call.reshape(value, aligned(value.shape.dims, to: rank, with: 1))
        }
        return [try finish(try joined(operands, try masks(of: operands, inputs, call), call), of: operands.count, call)]
    }

    /// The masks that the operands are joined with, of their shapes. Inputs that get axes lose theirs.
    private func masks(of operands: [Value], _ inputs: [Value], _ call: LayerCall) throws -> [Value?] {
        guard Self.masking != .none, !call.isOfOlderKeras, Set(inputs.map(\.rank)).count == 1 else { return operands.map { _ in nil } }
        return try operands.enumerated().map { index, x in
            try call.carriedMask(ofInput: index).map { mask in
                try call.broadcast(try call.cast(try call.reshape(mask, mask.shape.dims + [1]), x.dtype), x.shape)
            }
        }
    }

    private func joined(_ operands: [Value], _ masks: [Value?], _ call: LayerCall) throws -> Value {
        var (result, counted) = (operands[0], masks[0])
        if Self.masking == .one, let counted { result = try call.choose(counted, result, else: 1) }
        for (operand, mask) in zip(operands, masks).dropFirst() {
            var operand = operand
            switch Self.masking {
            case .none: break
            case .one: if let mask { operand = try call.choose(mask, operand, else: 1) }
            case .other:
                if let mask { operand = try call.choose(mask, operand, else: result) }
                if let counted { result = try call.choose(counted, result, else: operand) }
            }
            result = try call.emit(.binary(Self.operation), result, operand)
            counted = if let mask, let known = counted { try call.anyOf(known, mask) } else { nil }
        }
        guard Self.masking == .one, let counted else { return result }
        return try call.choose(counted, result)
    }

    /// Keras 3: where any input counts, if all have a mask; before: where all that have one do.
    public func masks(_ inputs: [Value], _ outputs: [Value], _ call: LayerCall) throws -> [Value?] {
        let masks = inputs.indices.compactMap { call.carriedMask(ofInput: $0) }
        guard let first = masks.first, call.isOfOlderKeras || masks.count == inputs.count else { return [nil] }
        return [try masks.dropFirst().reduce(first) { call.isOfOlderKeras ? try call.allOf($0, $1) : try call.anyOf($0, $1) }]
    }

    private func aligned<T>(_ dims: [T], to rank: Int, with one: T) -> [T] {
        dims.isEmpty ? Array(repeating: one, count: rank) : [dims[0]] + Array(repeating: one, count: rank - dims.count) + dims.dropFirst()
    }

    /// Keras: an open length makes an open one, whatever it meets.
    private func merge(_ a: SymbolicShape, _ b: SymbolicShape) throws -> SymbolicShape {
        SymbolicShape(
            try zip(a.dims, b.dims).map { x, y in
                guard let x, let y else { return nil }
                guard x == y || x == 1 || y == 1 else {
                    throw KerasError(.mismatch, "the inputs' shapes do not fit together", found: "\(a) and \(b)")
                }
                return x == 1 ? y : x
            })
    }
}
