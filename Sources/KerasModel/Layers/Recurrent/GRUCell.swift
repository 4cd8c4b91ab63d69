import JSON
import Tensors

/// One step of a gated recurrent unit. Gates in Keras's order: update z, reset r, new state.
///
/// `h' = z · h + (1 − z) · activation(…)`, the reset gate before the recurrent product (Cho et al. 2014) or after it, with a bias of its own
/// (cuDNN). Keras: `reset_after`.
public struct GRUCell: SteppedCell {
    public static let className = "GRUCell"
    public static let blank = GRUCell(0)
    public static let keys: [ConfigKey<GRUCell>] =
        [.required("units", \.units)]
        + CellSettings.keys(
            \.settings, .init(hasGates: true, hasImplementation: true),
            resetAfter: .key("reset_after", \.resetAfter, defaults: [.keras2: false]))

    public var base = LayerBase()
    public var units: Int
    public var settings = CellSettings()
    public var resetAfter = true

    public init(
        _ units: Int, activation: ActivationFunction = .tanh, recurrentActivation: ActivationFunction = .sigmoid, useBias: Bool = true,
        dropout: Double = 0, recurrentDropout: Double = 0, resetAfter: Bool = true, name: String? = nil
    ) {
        self.units = units
        self.resetAfter = resetAfter
        settings.activation = activation
        settings.recurrentActivation = recurrentActivation
        settings.useBias = useBias
        settings.dropout = dropout
        settings.recurrentDropout = recurrentDropout
        base.name = name
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let width = try Shape(checking: [units, 3]).count
        return try settings.weights(
            kernel: [try inputs[0].known(inputs[0].rank - 1), width], recurrent: [units, width],
            bias: settings.isCuDNN ? [try Shape(checking: [2, width]).count] : resetAfter ? [2, width] : [width])
    }

    public func stateShapes(_ input: SymbolicShape) throws -> [[Int?]] {
        try CellSettings.check(units: units)
        try input.check(rank: 2)
        return [[units]]
    }

    /// A row of the two biases.
    private func bias(_ row: Int, _ call: LayerCall) throws -> Value? {
        guard settings.useBias else { return nil }
        let bias = try settings.weight("bias", gates: 3, call)
        guard resetAfter else { return row == 0 ? bias : nil }
        return try call.reshape(try call.emit(.slice(starts: [row, 0], sizes: [1, 3 * units]), bias), [3 * units])
    }

    func project(_ steps: Value, _ call: LayerCall) throws -> [Value] {
        [try settings.project(steps, gates: 3, bias: try bias(0, call), call)]
    }

    /// The kernel in as many parts as are multiplied by themselves, then the bias in as many, then what is dropped.
    func constants(_ states: [Value], _ call: LayerCall) throws -> [Value] {
        let masks = try settings.masks(settings.recurrentDropout, states[0].shape, gates: 3, call)
        let whole = [try settings.weight("recurrent_kernel", gates: 3, call)] + (try bias(1, call).map { [$0] } ?? [])
        let parts = try ranges(isDropped: masks != nil)
        return try whole.flatMap { weight in try parts.map { try call.columns(weight, $0) } } + (masks ?? [])
    }

    private func ranges(isDropped: Bool) throws -> [Range<Int>] {
        if isDropped { return (0..<3).map { $0 * units..<($0 + 1) * units } }
        return resetAfter ? [0..<3 * units] : [0..<2 * units, 2 * units..<3 * units]
    }

    func known(_ constants: [Value]) -> Scan.Known? {
        guard resetAfter, constants.count <= 2, let activation = settings.activation.unary, let gates = settings.recurrentActivation.unary
        else { return nil }
        return .gatedUnit(activation: activation, gates: gates)
    }

    func step(_ inputs: [Value], _ states: [Value], _ constants: [Value], _ call: LayerCall) throws -> [Value] {
        func apply(_ kind: Binary, _ a: Value, _ b: Value) throws -> Value { try call.emit(.binary(kind), a, b) }
        func gate(_ x: Value, _ number: Int) throws -> Value { try call.columns(x, number * units..<(number + 1) * units) }
        let h = states[0]
        let hasBias = settings.useBias && resetAfter
        let isDropped = constants.count >= 6
        let parts = isDropped ? 3 : resetAfter ? 1 : 2
        let dropped = isDropped ? try constants.suffix(3).map { try apply(.multiply, h, $0) } : []
        func product(_ x: Value, _ part: Int) throws -> Value {
            try call.emit(.matrixMultiply, [x, constants[part]] + (hasBias ? [constants[parts + part]] : []))
        }
        var update: Value
        var reset: Value
        let candidate: Value
        if isDropped {
            update = try apply(.add, try product(dropped[0], 0), try gate(inputs[0], 0))
            reset = try apply(.add, try product(dropped[1], 1), try gate(inputs[0], 1))
            (update, reset) = (try settings.recurrentActivation.lower(update, call), try settings.recurrentActivation.lower(reset, call))
            candidate =
                resetAfter
                ? try apply(.multiply, reset, try product(dropped[2], 2)) : try product(try apply(.multiply, reset, dropped[2]), 2)
        } else {
            let inner = try product(h, 0)
            let both = try apply(.add, try call.columns(inner, 0..<2 * units), try call.columns(inputs[0], 0..<2 * units))
            if settings.recurrentActivation.isPointwise {
                let gates = try settings.recurrentActivation.lower(both, call)
                (update, reset) = (try gate(gates, 0), try gate(gates, 1))
            } else {
                update = try settings.recurrentActivation.lower(try gate(both, 0), call)
                reset = try settings.recurrentActivation.lower(try gate(both, 1), call)
            }
            candidate = resetAfter ? try apply(.multiply, reset, try gate(inner, 2)) : try product(try apply(.multiply, reset, h), 1)
        }
        let new = try settings.activation.lower(try apply(.add, candidate, try gate(inputs[0], 2)), call)
        let left = try call.emit(.unary(.affine(scale: -1, offset: 1)), update)
        return [try apply(.add, try apply(.multiply, update, h), try apply(.multiply, left, new))]
    }
}
