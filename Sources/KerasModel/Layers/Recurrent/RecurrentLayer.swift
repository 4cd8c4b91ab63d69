import JSON
import Tensors

/// A cell run over the steps of `(n, t, …)`: the output of the last step, or of all of them, and the states if they are asked for.
///
/// Further inputs are the states before the first step.
public protocol RecurrentLayer: Layer {
    var recurrent: RecurrentSettings { get set }
    /// How many of the inputs, the last ones, are the same for every step. Keras before 3: `constants`.
    var constantCount: Int { get }
    /// With the layer's own type, where it is not one that the layer was given.
    var heldCell: any RecurrentCell { get }
    /// The same layer with weights of its own.
    func renewed() -> Self
    /// Whether its sequences may have a mask.
    static var takesMasks: Bool { get }
}

extension RecurrentLayer {
    public static var takesMasks: Bool { true }
    public var constantCount: Int { 0 }
    public static var inputCount: ClosedRange<Int> { 1...Int.max }
    public static var maskUse: MaskUse { .passes }
    public static var callKeywords: JSONObject { ["training": false, "mask": nil] }
    public var children: [ChildLayer] { [ChildLayer("cell", heldCell)] }

    /// The steps' shape `(n, …)`, and `(n, t, …)` without them.
    private func cell(of input: SymbolicShape) throws -> SymbolicShape {
        guard input.rank >= 3 else {
            throw KerasError(.mismatch, "a recurrent layer takes an input of at least three axes", found: "\(input)")
        }
        return SymbolicShape([input[recurrent.timeMajor ? 1 : 0]] + input.dims.dropFirst(2))
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        guard let input = inputs.first else { throw KerasError(.mismatch, "a recurrent layer has no input") }
        let shapes = try heldCell.outputShapes([try cell(of: input)])
        let output = shapes[0]
        let steps = recurrent.timeMajor ? [input[0], input[1]] : [output[0], input[1]]
        let first = recurrent.returnSequences ? SymbolicShape(steps + output.dims.dropFirst()) : output
        return [first] + (recurrent.returnState ? Array(shapes.dropFirst()) : [])
    }

    public func build(_ inputs: [SymbolicShape], _ builder: inout ModelBuilder) throws -> [SymbolicShape] {
        let shapes = try outputShapes(inputs)
        _ = try builder.build(heldCell, [try cell(of: inputs[0])])
        return shapes
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        guard constantCount == 0 || heldCell is StackedRNNCells, (0..<inputs.count).contains(constantCount) else {
            throw KerasError(
                .mismatch, "a cell of Keras takes no constants", at: Place(key: "num_constants"), found: "\(constantCount)")
        }
        let result = try run(
            inputs[0], mask: call.mask(ofInput: 0), initial: Array(inputs.dropFirst().dropLast(constantCount)), call)
        return try results(result, call)
    }

    /// The output of all steps carries their mask.
    public func masks(_ inputs: [Value], _ outputs: [Value], _ call: LayerCall) throws -> [Value?] {
        outputs.indices.map { $0 == 0 && recurrent.returnSequences ? call.carriedMask(ofInput: 0) : nil }
    }

    /// The layer without its way of giving results.
    ///
    /// - Parameters:
    ///   - initial: the states before the first step; none for the layer's own.
    ///   - zeroesMasked: in place of what the layer says.
    func run(_ x: Value, mask: Value?, initial: [Value], zeroesMasked: Bool? = nil, _ call: LayerCall) throws -> RecurrentResult {
        guard mask == nil || Self.takesMasks else {
            throw KerasError(.mismatch, "a layer of cuDNN takes no mask", at: Place(layer: call.path))
        }
        let cell = heldCell
        let held = call.held(cell, as: "cell")
        var run = RecurrentRun(steps: recurrent.timeMajor ? try swapped(x, call) : x)
        run.mask = try mask.map { recurrent.timeMajor ? try swapped($0, call) : $0 }
        run.isReversed = recurrent.goBackwards
        run.wantsSequence = recurrent.returnSequences
        let zeroes = zeroesMasked ?? recurrent.zeroOutputForMask
        // An unrolled loop that goes backwards has its outputs in that order when Keras looks up in the mask, which is not turned round, which
        // of them are 0. Source: `rnn` of both Kerases' backends.
        let looksUpTurned = zeroes && recurrent.unroll && recurrent.goBackwards && recurrent.returnSequences
        run.zeroesMasked = zeroes && !looksUpTurned
        run.beginsWithState = base.dialect == .keras2
        run.initial = initial.isEmpty ? nil : initial
        let shapes = try cell.stateShapes(SymbolicShape([run.steps.shape[0]] + run.steps.shape.dims.dropFirst(2)))
        if recurrent.stateful, initial.isEmpty {
            run.initial = try shapes.enumerated().map { index, shape in
                try call.kept(index, of: self, shape: Shape([run.steps.shape[0]] + shape.map { $0 ?? 0 }))
            }
        }
        var result = try cell.run(run, held)
        if looksUpTurned, let mask = run.mask, let sequence = result.sequence {
            let turned = try call.cast(try call.emit(.reverse([1]), mask), sequence.dtype)
            let places = try call.reshape(turned, mask.shape.dims + [Int](repeating: 1, count: sequence.rank - 2))
            result.sequence = try call.emit(.binary(.gate), sequence, places)
        }
        if recurrent.stateful {
            for (index, state) in result.states.enumerated() { try call.keep(index, of: self, state) }
        }
        return result
    }

    /// In Keras's order.
    func results(_ result: RecurrentResult, _ call: LayerCall) throws -> [Value] {
        var output = result.last
        if recurrent.returnSequences, let sequence = result.sequence {
            output = recurrent.goBackwards ? try call.emit(.reverse([1]), sequence) : sequence
            if recurrent.timeMajor { output = try swapped(output, call) }
        }
        return [output] + (recurrent.returnState ? result.states : [])
    }

    /// The first two axes exchanged.
    private func swapped(_ x: Value, _ call: LayerCall) throws -> Value { try call.transpose(x, [1, 0] + Array(2..<x.rank)) }
}

extension LayerCall {
    /// The same call as one of a layer held inside.
    func held(_ layer: any Layer, as attribute: String) -> LayerCall {
        LayerCall(
            lowering: lowering, layer: layer, path: path + "/" + (layer.name.isEmpty ? attribute : layer.name), keywords: keywords,
            isTrainable: isTrainable && layer.base.trainable, arguments: arguments, masks: masks, seesMasks: seesMasks)
    }
}

/// A layer whose cell is told all there is to tell by the layer itself.
protocol CelledLayer: RecurrentLayer {
    associatedtype Cell: RecurrentCell
    var cell: Cell { get set }
}

extension CelledLayer {
    /// The cell has the layer's type.
    public func withChildren(_ change: (any Layer) throws -> any Layer) throws -> Self { self }

    public func renewed() -> Self {
        with {
            $0.base = base.renewed()
            $0.cell = cell.renewed()
        }
    }

    public var heldCell: any RecurrentCell {
        cell.with {
            $0.base.dtype = base.dtype
            $0.base.dialect = base.dialect
            $0.base.addsBiasAsTensorFlow = base.addsBiasAsTensorFlow
            if $0.base.name == nil { $0.base.name = Architecture.snakeCase(Cell.className) }
        }
    }
}
