import KerasModel
import Tensors

extension SavedModel {
    /// The model with the channels of its images at the other end: each layer that has a data format has this one, axes are renumbered, weights
    /// with an image's axes transposed. Where a layer knows images one way alone (Dense on maps, Reshape), a Permute brings them there.
    ///
    /// An input or output that layers of the former format take or give is moved with them.
    ///
    /// - Returns: with it, what was moved, in a sentence each.
    /// - Throws: `unsupported` problems, one for each layer whose work cannot be said of moved images.
    package func converted(to format: DataFormat) throws -> (model: SavedModel, notes: [String]) {
        var changes = LayoutChanges(move: ChannelMove(to: format), built: try BuiltModel(root))
        let moved = try changes.relaid(root)
        var copy = self
        copy.root = moved.model
        // What was read beside the layers, such as the shapes they were built for, is of the other format.
        copy.origin?.configuration = nil
        var notes: [String] = []
        let built = try BuiltModel(copy.root)
        let inputs = zip(moved.inputs, zip(copy.root.architecture.inputLayers, built.inputShapes)).filter(\.0)
        for (_, (layer, shape)) in inputs { notes.append("input '\(layer.name)' is now \(shape)") }
        for (index, reference) in copy.root.architecture.outputs.leaves.enumerated() where moved.outputs[index] {
            let layer = copy.root.architecture.layer(reference.layer)
            notes.append("output '\(layer?.name ?? "")' is now \(built.outputShapes[index])")
        }
        if changes.insertedCount > 0 {
            notes.append("\(changes.insertedCount) Permute layers were put before layers that know images one way alone")
        }
        if changes.movedCount == 0 { notes.append("no layer has its channels at the other end: the model stays as it is") }
        notes += changes.cautions
        for (id, axes) in changes.transposed {
            if let tensor = weights[id] { copy.weights[id] = try tensor.transposed(axes).contiguous() }
        }
        if !changes.transposed.isEmpty, copy.training?.optimizerVariables.isEmpty == false {
            copy.training?.optimizerVariables = []
            notes.append("the optimizer's state is left out: it belongs to weights in another order")
        }
        return (copy, notes)
    }
}

/// A model after the move, and which of its inputs and outputs have moved.
private struct RelaidModel {
    var model: ModelLayer
    var inputs: [Bool]
    var outputs: [Bool]
}

/// What a move of the channels does to a model and to those nested in it.
private struct LayoutChanges {
    let move: ChannelMove
    let built: BuiltModel
    /// The former axes, in the order in which they stand now.
    private(set) var transposed: [WeightID: [Int]] = [:]
    private(set) var movedCount = 0
    private(set) var insertedCount = 0
    private(set) var cautions: [String] = []
    private var nested: [LayerID: RelaidModel] = [:]

    init(move: ChannelMove, built: BuiltModel) {
        self.move = move
        self.built = built
    }

    /// A model that is called again is the same again.
    mutating func relaid(_ model: ModelLayer) throws -> RelaidModel {
        if let known = nested[model.id] { return known }
        for layer in model.architecture.layers {
            if let inner = layer as? ModelLayer { _ = try KerasError.placing(Place(layer: model.name)) { try relaid(inner) } }
        }
        var graph = RelaidGraph(model, move, built, nested)
        var result = try graph.run()
        for (id, axes) in graph.transposed { transposed[id] = axes }
        insertedCount += graph.insertedCount
        movedCount += graph.movedCount
        cautions += graph.cautions
        result.model.base = model.base
        nested[model.id] = result
        return result
    }
}

/// The calls of one model, gone through from its inputs on. Each tensor stands in one layout, and where it is wanted in the other a Permute is
/// put behind it once.
private struct RelaidGraph {
    private let model: ModelLayer
    private let move: ChannelMove
    private let built: BuiltModel
    private let nested: [LayerID: RelaidModel]
    private let known: [LayerID: any Layer]
    /// The calls that take a tensor.
    private var users: [TensorRef: [TensorRef]] = [:]

    /// Where each tensor of the former graph is now, and whether it has moved.
    private var places: [TensorRef: (tensor: TensorRef, isMoved: Bool)] = [:]
    /// The same tensors in the other layout, behind a Permute.
    private var permuted: [TensorRef: TensorRef] = [:]
    /// How each layer does now, decided at its first call.
    private var choices: [LayerID: Choice] = [:]
    private var before: [LayerID: [any Layer]] = [:]
    private var after: [LayerID: any Layer] = [:]
    private var calls: [LayerID: [Call]]
    private var vanished: Set<LayerID> = []
    private var names: Set<String>
    private(set) var transposed: [WeightID: [Int]] = [:]
    private(set) var movedCount = 0
    private(set) var insertedCount = 0
    private(set) var cautions: [String] = []

    private struct Choice {
        var layer: any Layer
        var takesMoved: [Bool]
        var givesMoved: [Bool]
        var then: (any Layer)?
    }

    init(_ model: ModelLayer, _ move: ChannelMove, _ built: BuiltModel, _ nested: [LayerID: RelaidModel]) {
        (self.model, self.move, self.built, self.nested) = (model, move, built, nested)
        known = model.architecture.layersByID
        calls = model.architecture.calls
        names = Set(model.architecture.allLayers.map(\.name))
        for (layer, list) in calls {
            for (index, call) in list.enumerated() {
                for input in Set(call.inputs) { users[input, default: []].append(TensorRef(layer: layer, call: index)) }
            }
        }
    }

    private func shape(_ tensor: TensorRef) -> SymbolicShape {
        let shapes = built.outputShapes(of: TensorRef(layer: tensor.layer, call: tensor.call))
        return shapes.indices.contains(tensor.output) ? shapes[tensor.output] : []
    }

    mutating func run() throws -> RelaidModel {
        var problems = ProblemList()
        for reference in built.order(of: model.id) {
            guard let layer = known[reference.layer], let call = calls[reference.layer]?[reference.call] else { continue }
            problems.attempt(at: Place(layer: layer.name)) { try visit(reference, layer, call) }
        }
        try problems.throwIfAny()
        let architecture = model.architecture
        var result = architecture
        result.inputs = architecture.inputs
        result.outputs = architecture.outputs.map { places[$0]?.tensor ?? $0 }
        result.calls = calls.filter { !vanished.contains($0.key) }
        result.layers = architecture.layers.flatMap { layer -> [any Layer] in
            let own = vanished.contains(layer.id) ? [] : [choices[layer.id]?.layer ?? layer]
            return (before[layer.id] ?? []) + own + (after[layer.id].map { [$0] } ?? [])
        }
        if let input = architecture.sequentialInput { result.sequentialInput = choices[input.id]?.layer as? InputLayer ?? input }
        func moved(_ ends: Tree<TensorRef>) -> [Bool] { ends.leaves.map { places[$0]?.isMoved ?? false } }
        return RelaidModel(
            model: ModelLayer(result.sortedAsKeras()), inputs: moved(architecture.inputs), outputs: moved(architecture.outputs))
    }

    private mutating func visit(_ reference: TensorRef, _ layer: any Layer, _ call: Call) throws {
        if vanishes(reference, layer, call) { return }
        let choice = try choices[layer.id] ?? choose(reference, layer, call)
        choices[layer.id] = choice
        var position = 0
        let changed = call.map { input in
            let wanted = choice.takesMoved.indices.contains(position) ? choice.takesMoved[position] : choice.takesMoved.last ?? false
            position += 1
            return tensor(input, moved: wanted, for: layer)
        }
        calls[layer.id]?[reference.call] = changed
        let outputs = max(built.outputShapes(of: reference).count, 1)
        for output in 0..<outputs {
            let source = TensorRef(layer: layer.id, call: reference.call, output: output)
            var place = source
            if let then = choice.then {
                place = TensorRef(layer: then.id, call: calls[then.id]?.count ?? 0)
                calls[then.id, default: []].append(Call([.leaf(source)]))
            }
            let isMoved = choice.givesMoved.indices.contains(output) ? choice.givesMoved[output] : choice.givesMoved.last ?? false
            places[source] = (place, isMoved && shape(source).rank > 2)
        }
    }

    private mutating func choose(_ reference: TensorRef, _ layer: any Layer, _ call: Call) throws -> Choice {
        if var input = layer as? InputLayer {
            let isMoved = shape(reference).rank > 2 && isWantedMoved(reference)
            if isMoved { input.batchShape = move(input.batchShape) }
            return Choice(layer: input, takesMoved: [], givesMoved: [isMoved])
        }
        if let inner = nested[layer.id] { return Choice(layer: inner.model, takesMoved: inner.inputs, givesMoved: inner.outputs) }
        let inputs = call.inputs.map(shape)
        func chosen(_ layer: any Layer, _ isMoved: Bool) -> Choice {
            var layer = layer
            if isMoved, let shape = layer.base.batchShape { layer.base.batchShape = move(shape) }
            return Choice(layer: layer, takesMoved: [isMoved], givesMoved: [isMoved])
        }
        switch try layer.relaid(move, inputs) {
        case .fixed, .permutes: return chosen(layer, false)
        case .either(let other, let transposing):
            guard call.inputs.contains(where: { places[$0]?.isMoved ?? false }) else { return chosen(layer, false) }
            for weight in transposing { transposed[WeightID(layer: layer.id, index: weight.index)] = weight.axes }
            return chosen(other, true)
        case .moved(let other, let then, let caution):
            movedCount += 1
            if let caution { cautions.append(caution) }
            var choice = chosen(other, true)
            if let then {
                choice.then = then.named(unique("\(layer.name)_\(type(of: then).className.lowercased())"))
                after[layer.id] = choice.then
            }
            return choice
        }
    }

    /// The tensor in the layout that is wanted.
    private mutating func tensor(_ source: TensorRef, moved: Bool, for user: any Layer) -> TensorRef {
        let place = places[source] ?? (source, false)
        let rank = shape(source).rank
        guard rank > 2, place.isMoved != moved else { return place.tensor }
        if let known = permuted[source] { return known }
        var layer = Permute(dims: Array((moved ? move : move.inverse).order(rank: rank).dropFirst()), name: unique("permute"))
        layer.base.dtype = user.base.dtype
        before[user.id, default: []].append(layer)
        calls[layer.id] = [Call([.leaf(place.tensor)])]
        insertedCount += 1
        let result = TensorRef(layer: layer.id)
        permuted[source] = result
        return result
    }

    /// Whether a Permute does what the move does, or undoes it: its output is then there already.
    private mutating func vanishes(_ reference: TensorRef, _ layer: any Layer, _ call: Call) -> Bool {
        guard calls[layer.id]?.count == 1, call.inputs.count == 1, !model.architecture.outputs.leaves.contains(reference),
            case .permutes(let order)? = try? layer.relaid(move, [shape(call.inputs[0])]), let place = places[call.inputs[0]]
        else { return false }
        if place.isMoved, order == move.order(rank: order.count) {
            places[reference] = (place.tensor, false)
        } else if !place.isMoved, order == move.inverse.order(rank: order.count) {
            places[reference] = (place.tensor, true)
        } else {
            return false
        }
        vanished.insert(layer.id)
        return true
    }

    /// Whether a layer with a data format takes the tensor, as it is or after layers that take it either way.
    private func isWantedMoved(_ start: TensorRef) -> Bool {
        var waiting = [start]
        var seen: Set<TensorRef> = []
        while let tensor = waiting.popLast() {
            for user in users[tensor] ?? [] where seen.insert(user).inserted {
                guard let layer = known[user.layer], let call = calls[user.layer]?[user.call] else { continue }
                if let inner = nested[layer.id] {
                    if zip(call.inputs, inner.inputs).contains(where: { $0 == tensor && $1 }) { return true }
                    continue
                }
                switch try? layer.relaid(move, call.inputs.map(shape)) {
                case .moved: return true
                case .either: if shape(user).rank > 2 { waiting.append(user) }
                default: break
                }
            }
        }
        return false
    }

    private mutating func unique(_ name: String) -> String {
        var result = name
        var number = 0
        while !names.insert(result).inserted {
            number += 1
            result = "\(name)_\(number)"
        }
        return result
    }
}
