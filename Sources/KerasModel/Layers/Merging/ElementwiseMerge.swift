import Tensors

/// Joins inputs element by element, broadcast. An input of fewer axes gets ones after the batch.
public protocol ElementwiseMerge: Layer {
    /// What joins the inputs from first to last.
    static var operation: Binary { get }
    /// What is done with the joined value of `count` inputs.
    func finish(_ merged: Value, of count: Int, _ call: LayerCall) throws -> Value
}

extension ElementwiseMerge {
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
        let merged = try operands.dropFirst().reduce(operands[0]) { try call.emit(.binary(Self.operation), $0, $1) }
        return [try finish(merged, of: operands.count, call)]
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
