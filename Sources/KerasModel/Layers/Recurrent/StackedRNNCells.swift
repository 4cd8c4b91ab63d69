import JSON
import Tensors

/// Cells one upon the other: each takes what the one before it gives, and the states are those of all of them.
public struct StackedRNNCells: RecurrentCell {
    public static let className = "StackedRNNCells"
    public static let blank = StackedRNNCells([])
    public static let keys: [ConfigKey<StackedRNNCells>] = [
        .required("cells", \.held),
        .key("reverse_state_order", \.reversesStates, in: [.tfKeras], defaults: [.keras2: true]).written { layer, _ in layer.reversesStates
        }
        .needed { $0.reversesStates && $0.base.dialect != .keras2 },
    ]

    public var base = LayerBase()
    var held: [HeldCell]
    /// Whether the states of the last cell come first, as in Keras 2.
    var reversesStates = false

    public var cells: [any RecurrentCell] { held.map(\.cell) }

    public init(_ cells: [any RecurrentCell], name: String? = nil) {
        held = cells.map { HeldCell($0) }
        base.name = name
    }

    public var children: [ChildLayer] { cells.map { ChildLayer(in: "cells", $0) } }

    public var stateCount: Int { cells.reduce(0) { $0 + $1.stateCount } }

    public func stateShapes(_ input: SymbolicShape) throws -> [[Int?]] { ordered(try shapes(input).map(\.states)).flatMap { $0 } }

    public func withChildren(_ change: (any Layer) throws -> any Layer) throws -> StackedRNNCells {
        var copy = self
        for index in held.indices { try copy.held[index].change(change) }
        return copy
    }

    public func renewed() -> StackedRNNCells {
        with {
            $0.base = base.renewed()
            for index in held.indices { $0.held[index].cell = held[index].cell.renewed() }
        }
    }

    private func ordered<T>(_ parts: [T]) -> [T] { reversesStates ? parts.reversed() : parts }

    /// What each cell takes, and its states.
    private func shapes(_ input: SymbolicShape) throws -> [(input: SymbolicShape, states: [[Int?]])] {
        guard !held.isEmpty else { throw KerasError(.mismatch, "a stack needs cells", at: Place(key: "cells"), found: "none") }
        var input = input
        return try cells.map { cell in
            let own = input
            let states = try cell.stateShapes(own)
            input = try cell.outputShapes([own])[0]
            return (own, states)
        }
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        guard let input = inputs.first else { throw KerasError(.mismatch, "a cell takes an input and its states", found: "nothing") }
        let all = try shapes(input)
        let states = ordered(all.map(\.states)).flatMap { $0 }.map { SymbolicShape([input.dims.first ?? nil] + $0) }
        return [try cells[cells.count - 1].outputShapes([all[all.count - 1].input])[0]] + states
    }

    public func build(_ inputs: [SymbolicShape], _ builder: inout ModelBuilder) throws -> [SymbolicShape] {
        let outputs = try outputShapes(inputs)
        for (cell, shape) in zip(cells, try shapes(inputs[0])) { _ = try builder.build(cell, [shape.input]) }
        return outputs
    }

    /// Each cell over all steps before the next one begins. A masked step keeps the states of all; what it gives on the way is not seen.
    public func run(_ run: RecurrentRun, _ call: LayerCall) throws -> RecurrentResult {
        let x = run.steps
        let own = try shapes(SymbolicShape([x.shape[0]] + x.shape.dims.dropFirst(2)))
        var given = run.initial.map { $0[...] }
        var parts = try ordered(own).map { part -> [Value]? in
            guard let states = given else { return nil }
            guard states.count >= part.states.count else {
                throw KerasError(
                    .mismatch, "too few states are given", at: Place(key: "initial_state"), found: "\(run.initial?.count ?? 0)")
            }
            given = states.dropFirst(part.states.count)
            return Array(states.prefix(part.states.count))
        }
        parts = ordered(parts)
        var results: [RecurrentResult] = []
        var steps = x
        for (index, cell) in cells.enumerated() {
            let isLast = index == cells.count - 1
            var inner = run
            inner.steps = steps
            inner.initial = parts[index]
            inner.wantsSequence = run.wantsSequence || !isLast
            if !isLast { inner.zeroesMasked = false }
            let result = try cell.run(inner, call.held(cell, as: "cell_\(index)"))
            if let sequence = result.sequence { steps = sequence }
            results.append(result)
        }
        guard let last = results.last else { throw KerasError(.mismatch, "a stack needs cells", at: Place(key: "cells"), found: "none") }
        return RecurrentResult(
            last: last.last, sequence: run.wantsSequence ? last.sequence : nil, states: ordered(results.map(\.states)).flatMap { $0 })
    }
}
