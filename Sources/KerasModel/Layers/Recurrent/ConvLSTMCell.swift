import JSON
import Tensors

/// One step of a convolutional LSTM: an LSTM whose products are convolutions. Keras has it inside its layers alone.
struct ConvLSTMCell: SteppedCell {
    static let className = "ConvLSTMCell"
    static let blank = ConvLSTMCell(rank: 2)
    static let keys: [ConfigKey<ConvLSTMCell>] = []

    var base = LayerBase()
    var filters = 0
    var kernelSize: [Int]
    var strides: [Int]
    var padding = Padding.valid
    var dataFormat = DataFormat.channelsLast
    var dilationRate: [Int]
    var settings = CellSettings()
    /// True if the activations see the channels first, though they stand last on the way: softmax goes along the last axis whatever it is.
    private var activatesFirst = false

    init(rank: Int) {
        kernelSize = Array(repeating: 1, count: rank)
        (strides, dilationRate) = (kernelSize, kernelSize)
        // What is dropped is drawn for each gate.
        settings.implementation = 1
    }

    private var rank: Int { kernelSize.count }

    func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let width = try Shape(checking: [filters, 4]).count
        let channels = try inputs[0].known(dataFormat.axes(rank: rank).channels)
        let specs = try settings.weights(
            kernel: kernelSize + [channels, width], recurrent: kernelSize + [filters, width], bias: [width],
            ones: settings.unitForgetBias ? filters..<2 * filters : nil)
        return specs.enumerated().map { index, spec in
            var spec = spec
            if index < 2 { spec.kind = .convolutionKernel }
            return spec
        }
    }

    var stateCount: Int { 2 }

    func stateShapes(_ input: SymbolicShape) throws -> [[Int?]] {
        try input.check(rank: rank + 2)
        for (key, list) in [("kernel_size", kernelSize), ("strides", strides), ("dilation_rate", dilationRate)] {
            try checkExtents(list, rank: rank, key: key)
        }
        try CellSettings.check(units: filters, key: "filters")
        guard padding != .causal else {
            throw KerasError(.mismatch, "this layer has no causal padding", at: Place(key: "padding"))
        }
        guard strides.allSatisfy({ $0 == 1 }) || dilationRate.allSatisfy({ $0 == 1 }) else {
            throw KerasError(
                .mismatch, "strides and dilation_rate cannot both be above 1", at: Place(key: "dilation_rate"),
                found: "strides \(Shape.text(strides)), dilation_rate \(Shape.text(dilationRate))")
        }
        let spatial = try zip(dataFormat.axes(rank: rank).spatial, 0...).map { axis, index in
            try padding.outputLength(input[axis], window: kernelSize[index], stride: strides[index], dilation: dilationRate[index])
        }
        let shape = dataFormat == .channelsLast ? spatial + [filters] : [filters] + spatial
        return [shape, shape]
    }

    /// Channels stand last on the way.
    func run(_ run: RecurrentRun, _ call: LayerCall) throws -> RecurrentResult {
        guard dataFormat == .channelsFirst else { return try runSteps(run, call) }
        func last(_ x: Value, from axis: Int) throws -> Value {
            try call.transpose(x, Array(0..<axis) + Array(axis + 1..<x.rank) + [axis])
        }
        func first(_ x: Value, to axis: Int) throws -> Value {
            try call.transpose(x, Array(0..<axis) + [x.rank - 1] + Array(axis..<x.rank - 1))
        }
        var (inner, cell) = (run, self)
        cell.dataFormat = .channelsLast
        cell.activatesFirst = true
        inner.steps = try last(run.steps, from: 2)
        inner.initial = try run.initial?.map { try last($0, from: 1) }
        let result = try cell.runSteps(inner, call)
        return RecurrentResult(
            last: try first(result.last, to: 1), sequence: try result.sequence.map { try first($0, to: 2) },
            states: try result.states.map { try first($0, to: 1) })
    }

    private func convolution(_ x: Value, strides: [Int], dilation: [Int], padding: Padding) -> Op {
        let edges = kernelSize.indices.map {
            padding.edges(x.shape[$0 + 1], window: kernelSize[$0], stride: strides[$0], dilation: dilation[$0])
        }
        return .convolution(Convolution(strides: strides, dilation: dilation, padding: edges))
    }

    private func gate(_ x: Value, _ number: Int, _ call: LayerCall) throws -> Value {
        try call.columns(x, number * filters..<(number + 1) * filters)
    }

    func project(_ steps: Value, _ call: LayerCall) throws -> [Value] {
        let dims = steps.shape.dims
        let kernel = try call.weight("kernel")
        let bias = settings.useBias ? [try call.weight("bias")] : []
        func convolved(_ x: Value, _ weights: [Value]) throws -> Value {
            let folded = try call.reshape(x, [try Shape(checking: Array(dims.prefix(2))).count] + dims.dropFirst(2))
            let y = try call.emit(convolution(folded, strides: strides, dilation: dilationRate, padding: padding), [folded] + weights)
            return try call.reshape(y, [dims[0], dims[1]] + y.shape.dims.dropFirst())
        }
        guard let masks = try settings.masks(settings.dropout, Shape([dims[0], 1] + dims.dropFirst(2)), gates: 4, call) else {
            return [try convolved(steps, [kernel] + bias)]
        }
        let parts = try masks.enumerated().map { number, mask in
            try convolved(
                try call.emit(.binary(.multiply), steps, mask), try ([kernel] + bias).map { try gate($0, number, call) })
        }
        return [try call.emit(.concatenate(axis: steps.rank - 1), parts)]
    }

    func constants(_ states: [Value], _ call: LayerCall) throws -> [Value] {
        let kernel = try call.weight("recurrent_kernel")
        guard let masks = try settings.masks(settings.recurrentDropout, states[0].shape, gates: 4, call) else { return [kernel] }
        return try (0..<4).map { try gate(kernel, $0, call) } + masks
    }

    func step(_ inputs: [Value], _ states: [Value], _ constants: [Value], _ call: LayerCall) throws -> [Value] {
        let ones = kernelSize.map { _ in 1 }
        let op = convolution(states[0], strides: ones, dilation: ones, padding: .same)
        let gates: [Value]
        if constants.count == 1 {
            let sums = try call.emit(.binary(.add), try call.emit(op, states[0], constants[0]), inputs[0])
            gates = try (0..<4).map { try gate(sums, $0, call) }
        } else {
            gates = try (0..<4).map { number in
                let h = try call.emit(.binary(.multiply), states[0], constants[4 + number])
                return try call.emit(.binary(.add), try call.emit(op, h, constants[number]), try gate(inputs[0], number, call))
            }
        }
        guard activatesFirst, !settings.activation.isPointwise || !settings.recurrentActivation.isPointwise else {
            return try settings.longShortTerm(gates, carry: states[1], call)
        }
        let last = states[1].rank - 1
        func first(_ x: Value) throws -> Value { try call.transpose(x, [0, last] + Array(1..<last)) }
        let results = try settings.longShortTerm(try gates.map(first), carry: try first(states[1]), call)
        return try results.map { try call.transpose($0, [0] + Array(2...last) + [1]) }
    }
}

/// ConvLSTM1D, ConvLSTM2D, ConvLSTM3D: over `(n, t, s…, c)`, `(n, s'…, filters)` or `(n, t, s'…, filters)`. Shi et al. 2015.
public protocol ConvLSTMLayer: RecurrentLayer {
    static var spatialRank: Int { get }
    var held: ConvLSTMSettings { get set }
    init(
        _ filters: Int, _ kernelSize: [Int], strides: [Int]?, padding: Padding, dataFormat: DataFormat, activation: ActivationFunction,
        recurrentActivation: ActivationFunction, returnSequences: Bool, returnState: Bool, goBackwards: Bool, name: String?)
}

/// What these layers are told.
public struct ConvLSTMSettings: Sendable {
    var cell: ConvLSTMCell
    public var activityRegularizer: Regularizer?

    init(rank: Int) { cell = ConvLSTMCell(rank: rank) }
}

extension ConvLSTMLayer {
    public static var blank: Self {
        Self(
            0, Array(repeating: 1, count: spatialRank), strides: nil, padding: .valid, dataFormat: .channelsLast, activation: .tanh,
            recurrentActivation: .sigmoid, returnSequences: false, returnState: false, goBackwards: false, name: nil)
    }

    public static var keys: [ConfigKey<Self>] {
        let rank = spatialRank
        return [RecurrentSettings.penaltyKey(\.held.activityRegularizer)] + RecurrentSettings.keys(\.recurrent) + [
            .required("filters", \.held.cell.filters),
            .extents("kernel_size", \.held.cell.kernelSize, rank: rank, isRequired: true),
            .extents("strides", \.held.cell.strides, rank: rank),
            .key("padding", \.held.cell.padding),
            .key("data_format", \.held.cell.dataFormat),
            .extents("dilation_rate", \.held.cell.dilationRate, rank: rank),
        ]
            + CellSettings.keys(
                \.held.cell.settings, .init(hasGates: true, forgetsAfterInitializers: Dialect.all),
                activity: .key("activity_regularizer", \.held.activityRegularizer), hardGates: Dialect.older)
    }

    public var activityRegularizer: Regularizer? { held.activityRegularizer }

    /// The cell has the layer's type.
    public func withChildren(_ change: (any Layer) throws -> any Layer) throws -> Self { self }

    public func renewed() -> Self {
        with {
            $0.base = base.renewed()
            $0.held.cell.base = held.cell.base.renewed()
        }
    }

    public var heldCell: any RecurrentCell {
        held.cell.with {
            $0.base.dtype = base.dtype
            $0.base.dialect = base.dialect
            $0.base.name = "conv_lstm_cell"
        }
    }

    func configured(
        _ filters: Int, _ kernelSize: [Int], strides: [Int]?, padding: Padding, dataFormat: DataFormat, activation: ActivationFunction,
        recurrentActivation: ActivationFunction, returnSequences: Bool, returnState: Bool, goBackwards: Bool, name: String?
    ) -> Self {
        var copy = self
        copy.held.cell.filters = filters
        copy.held.cell.kernelSize = kernelSize
        copy.held.cell.strides = strides ?? kernelSize.map { _ in 1 }
        copy.held.cell.dilationRate = kernelSize.map { _ in 1 }
        copy.held.cell.padding = padding
        copy.held.cell.dataFormat = dataFormat
        copy.held.cell.settings.activation = activation
        copy.held.cell.settings.recurrentActivation = recurrentActivation
        copy.recurrent.returnSequences = returnSequences
        copy.recurrent.returnState = returnState
        copy.recurrent.goBackwards = goBackwards
        copy.base.name = name
        return copy
    }
}
