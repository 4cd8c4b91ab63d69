import JSON
import Tensors

/// One step of a long short-term memory: from the input, the output `h` and the carry `c` of the step before. Gates in Keras's order: input,
/// forget, new carry, output.
///
/// `c' = f · c + i · activation(z_c)`, `h' = o · activation(c')`. Hochreiter & Schmidhuber 1997.
public struct LSTMCell: SteppedCell {
    public static let className = "LSTMCell"
    public static let blank = LSTMCell(0)
    public static let keys: [ConfigKey<LSTMCell>] =
        [.required("units", \.units)]
        + CellSettings.keys(
            \.settings,
            .init(hasGates: true, forgetsAfterInitializers: Dialect.older, forgetsBefore: [.keras3], hasImplementation: true))

    public var base = LayerBase()
    public var units: Int
    public var settings = CellSettings()

    public init(
        _ units: Int, activation: ActivationFunction = .tanh, recurrentActivation: ActivationFunction = .sigmoid, useBias: Bool = true,
        dropout: Double = 0, recurrentDropout: Double = 0, name: String? = nil
    ) {
        self.units = units
        settings.activation = activation
        settings.recurrentActivation = recurrentActivation
        settings.useBias = useBias
        settings.dropout = dropout
        settings.recurrentDropout = recurrentDropout
        base.name = name
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let width = try Shape(checking: [units, 4]).count
        return try settings.weights(
            kernel: [try inputs[0].known(inputs[0].rank - 1), width], recurrent: [units, width],
            bias: [settings.isCuDNN ? try Shape(checking: [2, width]).count : width],
            ones: settings.unitForgetBias ? (settings.isCuDNN ? 5 * units..<6 * units : units..<2 * units) : nil)
    }

    public var stateCount: Int { 2 }

    public func stateShapes(_ input: SymbolicShape) throws -> [[Int?]] {
        try CellSettings.check(units: units)
        try input.check(rank: 2)
        return [[units], [units]]
    }

    func project(_ steps: Value, _ call: LayerCall) throws -> [Value] { [try settings.project(steps, gates: 4, call)] }

    func constants(_ states: [Value], _ call: LayerCall) throws -> [Value] {
        let kernel = try settings.weight("recurrent_kernel", gates: 4, call)
        guard let masks = try settings.masks(settings.recurrentDropout, states[0].shape, gates: 4, call) else { return [kernel] }
        return try (0..<4).map { try call.columns(kernel, $0 * units..<($0 + 1) * units) } + masks
    }

    func known(_ constants: [Value]) -> Scan.Known? {
        guard constants.count == 1, let activation = settings.activation.unary, let gates = settings.recurrentActivation.unary else {
            return nil
        }
        return .longShortTerm(activation: activation, gates: gates)
    }

    func step(_ inputs: [Value], _ states: [Value], _ constants: [Value], _ call: LayerCall) throws -> [Value] {
        func gate(_ x: Value, _ number: Int) throws -> Value { try call.columns(x, number * units..<(number + 1) * units) }
        let gates: [Value]
        if constants.count == 1 {
            let sums = try call.emit(.binary(.add), try call.emit(.matrixMultiply, states[0], constants[0]), inputs[0])
            gates = try (0..<4).map { try gate(sums, $0) }
        } else {
            gates = try (0..<4).map { number in
                let h = try call.emit(.binary(.multiply), states[0], constants[4 + number])
                return try call.emit(.binary(.add), try call.emit(.matrixMultiply, h, constants[number]), try gate(inputs[0], number))
            }
        }
        return try settings.longShortTerm(gates, carry: states[1], call)
    }
}

extension CellSettings {
    /// The new states from the sums of the four gates.
    func longShortTerm(_ sums: [Value], carry: Value, _ call: LayerCall) throws -> [Value] {
        func times(_ a: Value, _ b: Value) throws -> Value { try call.emit(.binary(.multiply), a, b) }
        let taken = try recurrentActivation.lower(sums[0], call)
        let kept = try recurrentActivation.lower(sums[1], call)
        let new = try activation.lower(sums[2], call)
        let carry = try call.emit(.binary(.add), try times(kept, carry), try times(taken, new))
        let given = try recurrentActivation.lower(sums[3], call)
        return [try times(given, try activation.lower(carry, call)), carry]
    }
}
