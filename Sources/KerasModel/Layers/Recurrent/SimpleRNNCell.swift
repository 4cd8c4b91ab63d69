import JSON
import Tensors

/// One step of a plain recurrent network: `h' = activation(x · kernel + bias + h · recurrent_kernel)`.
public struct SimpleRNNCell: SteppedCell {
    public static let className = "SimpleRNNCell"
    public static let blank = SimpleRNNCell(0)
    public static let keys: [ConfigKey<SimpleRNNCell>] = [.required("units", \.units)] + CellSettings.keys(\.settings, .init())

    public var base = LayerBase()
    public var units: Int
    public var settings = CellSettings()

    public init(
        _ units: Int, activation: ActivationFunction = .tanh, useBias: Bool = true, dropout: Double = 0, recurrentDropout: Double = 0,
        name: String? = nil
    ) {
        self.units = units
        settings.activation = activation
        settings.useBias = useBias
        settings.dropout = dropout
        settings.recurrentDropout = recurrentDropout
        base.name = name
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        try settings.weights(kernel: [try inputs[0].known(inputs[0].rank - 1), units], recurrent: [units, units], bias: [units])
    }

    public func stateShapes(_ input: SymbolicShape) throws -> [[Int?]] {
        try CellSettings.check(units: units)
        try input.check(rank: 2)
        return [[units]]
    }

    func project(_ steps: Value, _ call: LayerCall) throws -> [Value] { [try settings.project(steps, gates: 1, call)] }

    func constants(_ states: [Value], _ call: LayerCall) throws -> [Value] {
        [try call.weight("recurrent_kernel")] + (try settings.masks(settings.recurrentDropout, states[0].shape, gates: 1, call) ?? [])
    }

    func step(_ inputs: [Value], _ states: [Value], _ constants: [Value], _ call: LayerCall) throws -> [Value] {
        let h = constants.count > 1 ? try call.emit(.binary(.multiply), states[0], constants[1]) : states[0]
        let sums = try call.emit(.binary(.add), try call.emit(.matrixMultiply, h, constants[0]), inputs[0])
        return [try settings.activation.lower(sums, call)]
    }
}

extension CellSettings {
    /// `x · kernel + bias` of all steps, with what training drops of the inputs.
    ///
    /// - Parameters:
    ///   - gates: how many parts the columns of the kernel have.
    ///   - bias: in place of the weight of that name.
    func project(_ x: Value, gates: Int, bias: Value? = nil, _ call: LayerCall) throws -> Value {
        let kernel = try weight("kernel", gates: gates, call)
        let added = try bias ?? (useBias ? try weight("bias", gates: gates, call) : nil)
        guard let masks = try masks(dropout, Shape([x.shape[0], 1, x.shape[2]]), gates: gates, call) else {
            return try call.emit(.matrixMultiply, [x, kernel] + (added.map { [$0] } ?? []))
        }
        let dropped = try masks.map { try call.emit(.binary(.multiply), x, $0) }
        if dropped.count == 1 { return try call.emit(.matrixMultiply, [dropped[0], kernel] + (added.map { [$0] } ?? [])) }
        let width = kernel.shape[1] / gates
        let parts = try dropped.enumerated().map { gate, x in
            try call.emit(.matrixMultiply, x, try call.columns(kernel, gate * width..<(gate + 1) * width))
        }
        let sums = try call.emit(.concatenate(axis: 2), parts)
        return try added.map { try call.emit(.binary(.add), sums, $0) } ?? sums
    }
}
