import JSON
import Tensors

/// What a recurrent layer does at one step: from an input `(n, …)` and states to an output and new states.
public protocol RecurrentCell: Layer {
    /// How many states it has.
    var stateCount: Int { get }

    /// The shapes of the states for one sample, for an input `(n, …)` of this shape.
    ///
    /// - Throws: a `mismatch` problem if the cell cannot take such inputs.
    func stateShapes(_ input: SymbolicShape) throws -> [[Int?]]

    /// All steps, one after the other.
    ///
    /// - Parameter call: a call of the cell itself.
    func run(_ run: RecurrentRun, _ call: LayerCall) throws -> RecurrentResult

    /// The same cell with weights of its own.
    func renewed() -> Self
}

/// Sequences on their way through a cell.
public struct RecurrentRun: Sendable {
    /// `(n, t, …)`.
    var steps: Value
    /// `(n, t)`: 1 for steps that count.
    var mask: Value?
    /// The states before the first step; nil for zeros.
    var initial: [Value]?
    var isReversed = false
    /// Whether the outputs of all steps are wanted, or that of the last alone.
    var wantsSequence = false
    /// Whether the output of a masked step is 0.
    var zeroesMasked = false
    /// Whether a masked step before all others gives the first state, as Keras 2 has it, rather than 0.
    var beginsWithState = false
}

/// What came of them.
public struct RecurrentResult: Sendable {
    /// Of the last step that was computed: `(n, …)`.
    var last: Value
    /// `(n, t, …)`, each at the place of its step.
    var sequence: Value?
    var states: [Value]
}

extension RecurrentCell {
    public static var inputCount: ClosedRange<Int> { 1...Int.max }

    public var stateCount: Int { 1 }
    public func renewed() -> Self { with { $0.base = base.renewed() } }

    /// The output, and the states: the first of them is the output too.
    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        guard let input = inputs.first else { throw KerasError(.mismatch, "a cell takes an input and its states", found: "nothing") }
        let states = try stateShapes(input).map { SymbolicShape([input.dims.first ?? nil] + $0) }
        return [states[0]] + states
    }

    /// A cell called by itself does one step.
    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let x = inputs[0]
        let run = RecurrentRun(
            steps: try call.reshape(x, [x.shape[0], 1] + x.shape.dims.dropFirst()),
            initial: inputs.count > 1 ? Array(inputs.dropFirst()) : nil)
        let result = try self.run(run, call)
        return [result.last] + result.states
    }
}

/// A cell whose output is its first state, of products with its inputs that are made for all steps at once.
protocol SteppedCell: RecurrentCell {
    /// What the inputs of all steps come to: `(n, t, …)`.
    func project(_ steps: Value, _ call: LayerCall) throws -> [Value]

    /// What is the same at every step.
    ///
    /// - Parameter states: those before the first step.
    func constants(_ states: [Value], _ call: LayerCall) throws -> [Value]

    /// One step. Nothing of the layer's own is within reach but what is given here.
    ///
    /// - Returns: the new states.
    func step(_ inputs: [Value], _ states: [Value], _ constants: [Value], _ call: LayerCall) throws -> [Value]

    /// What a step is, if it is one that can be computed in one go.
    func known(_ constants: [Value]) -> Scan.Known?
}

extension SteppedCell {
    func known(_ constants: [Value]) -> Scan.Known? { nil }

    public func run(_ run: RecurrentRun, _ call: LayerCall) throws -> RecurrentResult { try runSteps(run, call) }

    func runSteps(_ run: RecurrentRun, _ call: LayerCall) throws -> RecurrentResult {
        let x = run.steps
        let shapes = try stateShapes(SymbolicShape([x.shape[0]] + x.shape.dims.dropFirst(2)))
        let initial = try run.states(of: shapes, call)
        var sequences = try project(x, call)
        let (projected, states) = (sequences.count, initial.count)
        var before = initial
        // The output of the step before, where it is not the state.
        let keepsOutput = run.mask != nil && (run.zeroesMasked ? !run.wantsSequence : run.initial != nil && !run.beginsWithState)
        if let mask = run.mask {
            sequences.append(try call.cast(mask, call.computeType))
            if keepsOutput { before.append(try call.zeros(initial[0].shape)) }
        }
        let same = try constants(initial, call)
        let result = try call.scan(
            sequences, states: before, constants: same, isReversed: run.isReversed, known: run.mask == nil ? known(same) : nil
        ) { inputs, old, constants in
            let new = try step(Array(inputs.prefix(projected)), Array(old.prefix(states)), constants, call)
            guard run.mask != nil else { return (new, run.wantsSequence ? [new[0]] : []) }
            let mask = inputs[projected]
            var next = try zip(new, old).map { try call.select(mask, $0, else: $1) }
            var output = next[0]
            if run.zeroesMasked {
                output = try call.select(mask, new[0], else: nil)
            } else if keepsOutput {
                output = try call.select(mask, new[0], else: old[states])
            }
            if keepsOutput { next.append(output) }
            return (next, run.wantsSequence ? [output] : [])
        }
        return RecurrentResult(
            last: result.states[keepsOutput ? states : 0], sequence: result.kept.first, states: Array(result.states.prefix(states)))
    }
}

extension RecurrentRun {
    /// The states before the first step.
    ///
    /// - Throws: a `mismatch` problem for states of other shapes than the cell's.
    func states(of shapes: [[Int?]], _ call: LayerCall) throws -> [Value] {
        let wanted = shapes.map { Shape([steps.shape[0]] + $0.map { $0 ?? 0 }) }
        guard let initial else { return try wanted.map(call.zeros) }
        guard initial.map(\.shape) == wanted else {
            throw KerasError(
                .mismatch, "the states given are not those of the cell", at: Place(key: "initial_state"),
                found: initial.map { "\($0.shape)" }.joined(separator: ", "), expected: wanted.map { "\($0)" }.joined(separator: ", "))
        }
        return try initial.map { try call.cast($0, call.computeType) }
    }
}

extension LayerCall {
    func zeros(_ shape: Shape) throws -> Value { try emit(.broadcast(shape), try constant([0], shape: [])) }

    /// `x` for the samples whose step counts, else the other; `mask` is `(n)`.
    fileprivate func select(_ mask: Value, _ x: Value, else other: Value?) throws -> Value {
        let mask = try reshape(mask, [x.shape[0]] + [Int](repeating: 1, count: x.rank - 1))
        let kept = try emit(.binary(.gate), x, mask)
        guard let other else { return kept }
        let rest = try emit(.unary(.affine(scale: -1, offset: 1)), mask)
        return try emit(.binary(.add), kept, try emit(.binary(.gate), other, rest))
    }

    /// A loop over the steps of `sequences (n, t, …)`.
    ///
    /// - Parameter body: from the step's cells, the states and the constants to the new states and what is kept of each step. It sees values of
    ///   its own graph alone.
    func scan(
        _ sequences: [Value], states: [Value], constants: [Value], isReversed: Bool, known: Scan.Known? = nil,
        _ body: (_ cells: [Value], _ states: [Value], _ constants: [Value]) throws -> (states: [Value], kept: [Value])
    ) throws -> (states: [Value], kept: [Value]) {
        let outer = lowering.graph
        lowering.graph = OpGraph()
        func input(_ value: Value, _ shape: Shape) -> Value { lowering.graph.input(shape: shape, dtype: value.dtype) }
        let cells = sequences.map { input($0, Shape([$0.shape[0]] + $0.shape.dims.dropFirst(2))) }
        let before = states.map { input($0, $0.shape) }
        let same = constants.map { input($0, $0.shape) }
        let result = Result { try body(cells, before, same) }
        var inner = lowering.graph
        lowering.graph = outer
        let (after, kept) = try result.get()
        inner.outputs = (after + kept).map(\.id)
        let scan = Scan(inner, sequences: sequences.count, states: states.count, isReversed: isReversed, known: known)
        let results = try emitAll(.scan(scan), sequences + states + constants)
        return (Array(results.prefix(states.count)), Array(results.dropFirst(states.count)))
    }

    /// Part of the last axis.
    func columns(_ x: Value, _ range: Range<Int>) throws -> Value {
        var (starts, sizes) = ([Int](repeating: 0, count: x.rank), x.shape.dims)
        guard range != 0..<sizes[x.rank - 1] else { return x }
        (starts[x.rank - 1], sizes[x.rank - 1]) = (range.lowerBound, range.count)
        return try emit(.slice(starts: starts, sizes: sizes), x)
    }
}
