import JSON
import Tensors

/// What differs between two models' architectures, by meaning: it does not matter in which dialect each was written.
package struct ArchitectureDifference: Sendable {
    /// One thing that differs.
    package struct Change: Sendable, Hashable {
        package enum Kind: String, Sendable {
            /// Only the second model has the layer.
            case added
            /// Only the first has it.
            case removed
            /// Both have it, with other settings, inputs or another name or class.
            case changed
            /// Both have it, at another place in the order, which is that of the weights.
            case moved
        }
        package var kind: Kind
        /// The layer by its path of names in the first model, in the second if it was added; empty for the model itself.
        package var layer: String
        /// The configuration key, or `name`, `class`, `inputs`, `outputs`, `order`; nil where the whole layer is meant.
        package var key: String?
        package var old: String?
        package var new: String?

        /// `layer 'conv2d': filters 32 → 64`
        package var sentence: String {
            let subject = layer.isEmpty ? "the model" : "layer '\(layer)'"
            switch kind {
            case .added: return "\(subject): only in the second\(new.map { ", \($0)" } ?? "")"
            case .removed: return "\(subject): only in the first\(old.map { ", \($0)" } ?? "")"
            case .changed, .moved: return "\(subject): \(key ?? "order") \(old ?? "none") → \(new ?? "none")"
            }
        }
    }

    /// A layer with weights of its own that both models have.
    package struct Pair: Sendable {
        /// By its path of names in the first model.
        package let path: String
        package let a: any Layer
        package let b: any Layer
    }

    package private(set) var changes: [Change] = []
    /// In the first model's order; a shared layer once.
    package private(set) var pairs: [Pair] = []
    private var seen: Set<LayerID> = []
    /// With their shapes, which negative axes are counted in; nil while an input's shape is not known.
    private let built: (a: BuiltModel?, b: BuiltModel?)

    package init(_ a: ModelLayer, _ b: ModelLayer) {
        built = (try? BuiltModel(a), try? BuiltModel(b))
        compare(a, b, path: "")
    }

    private mutating func note(_ kind: Change.Kind, _ layer: String, _ key: String? = nil, _ old: String? = nil, _ new: String? = nil) {
        changes.append(Change(kind: kind, layer: layer, key: key, old: old, new: new))
    }

    /// Two models, the root or nested ones.
    private mutating func compare(_ a: ModelLayer, _ b: ModelLayer, path: String) {
        if a.typeName != b.typeName { note(.changed, path, "class", a.typeName, b.typeName) }
        if path.isEmpty, a.name != b.name { note(.changed, path, "name", "'\(a.name)'", "'\(b.name)'") }
        if path.isEmpty, a.base.trainable != b.base.trainable {
            note(.changed, path, "trainable", "\(a.base.trainable)", "\(b.base.trainable)")
        }
        if a.architecture.dialect == b.architecture.dialect {
            compareUnknown(a.architecture.unknownKeys, b.architecture.unknownKeys, path)
        }
        let (left, right) = (a.architecture.allLayers, b.architecture.allLayers)
        let matching = LayerMatching(left, right)
        let partners = Dictionary(uniqueKeysWithValues: matching.pairs.map { ($0.a, $0.b) })
        let matchedB = Set(matching.pairs.map(\.b))
        /// What stands before a layer, to say where it was put.
        func place(_ layers: [any Layer], _ index: Int) -> String {
            let what = layers[index].typeName
            return index == 0 ? "\(what), first" : "\(what), after '\(layers[index - 1].name)'"
        }
        func inner(_ layer: any Layer) -> String { path.isEmpty ? layer.name : "\(path)/\(layer.name)" }
        // The second model's additions are told where they stand: after the partner of what stands before them.
        var told = 0
        func tellAdditions(upTo end: Int) {
            while told < end {
                if !matchedB.contains(told) { note(.added, inner(right[told]), nil, nil, place(right, told)) }
                told += 1
            }
        }
        let graphs = GraphWords(a.architecture, b.architecture, matching)
        for (index, layer) in left.enumerated() {
            guard let partner = partners[index] else {
                note(.removed, inner(layer), nil, place(left, index), nil)
                continue
            }
            let isMoved = matching.moved.contains(index)
            if !isMoved { tellAdditions(upTo: partner) }
            if isMoved { note(.moved, inner(layer), "order", place(left, index), place(right, partner)) }
            let isInput =
                a.architecture.sequentialInput?.id == layer.id || b.architecture.sequentialInput?.id == right[partner].id
            compare(layer, right[partner], path: inner(layer), namesCount: !isInput)
            compareCalls(graphs, layer, right[partner], path: inner(layer))
        }
        tellAdditions(upTo: right.count)
        for (key, ends) in [
            ("inputs", (a.architecture.inputs, b.architecture.inputs)), ("outputs", (a.architecture.outputs, b.architecture.outputs)),
        ] {
            let (old, new) = (graphs.first(ends.0.leaves), graphs.second(ends.1.leaves))
            // A Sequential's ends follow from its layers, which have been told.
            let follows = a.architecture.kind == .sequential && b.architecture.kind == .sequential
            if old.compared != new.compared, !follows { note(.changed, path, key, old.words, new.words) }
        }
    }

    /// Two layers taken for the same.
    private mutating func compare(_ a: any Layer, _ b: any Layer, path: String, namesCount: Bool) {
        guard seen.insert(a.id).inserted else { return }
        if namesCount, a.name != b.name { note(.changed, path, "name", "'\(a.name)'", "'\(b.name)'") }
        if let a = a as? ModelLayer, let b = b as? ModelLayer {
            compareMeanings(a, b, path)
            compare(a, b, path: path)
            return
        }
        pairs.append(Pair(path: path, a: a, b: b))
        guard type(of: a).className == type(of: b).className else {
            note(.changed, path, "class", a.typeName, b.typeName)
            return
        }
        compareMeanings(a, b, path)
        if a.base.dialect == b.base.dialect { compareUnknown(a.base.unknownKeys, b.base.unknownKeys, path) }
    }

    private mutating func compareMeanings(_ a: any Layer, _ b: any Layer, _ path: String) {
        let (old, new) = (LayerMeaning(a), LayerMeaning(b))
        for (key, value) in old.values {
            let other = new[key] ?? .null
            if key == "axis", axes(value, of: a, in: built.a) == axes(other, of: b, in: built.b) { continue }
            if value != other { note(.changed, path, key, LayerMeaning.words(value), LayerMeaning.words(other)) }
        }
        let firstChannels = old["data_format"] == "channels_first" && old["use_bias"] == true
        if firstChannels, a.base.addsBiasAsTensorFlow != b.base.addsBiasAsTensorFlow, canMistakeChannels(a) {
            func words(_ layer: any Layer) -> String { layer.base.addsBiasAsTensorFlow ? "as TensorFlow guesses" : "of the channels" }
            note(.changed, path, "axis of the bias", words(a), words(b))
        }
    }

    /// Whether a layer's channels, in front, may be as many as the cells of its last axis.
    private func canMistakeChannels(_ layer: any Layer) -> Bool {
        guard let shape = built.a?.outputShapes(of: TensorRef(layer: layer.id)).first, shape.rank > 2, let last = shape.last,
            let channels = shape[1]
        else { return true }
        return channels == last && channels > 1
    }

    /// Counted from the front, where that is known; one alone as itself.
    private func axes(_ json: JSON, of layer: any Layer, in model: BuiltModel?) -> [Int]? {
        guard let axes = json.integer.map({ [$0] }) ?? json.array?.compactMap(\.integer) else { return nil }
        let rank = model?.outputShapes(of: TensorRef(layer: layer.id)).first?.rank ?? 0
        return axes.map { $0 < 0 ? $0 + rank : $0 }
    }

    /// What this version has no meaning for: between files of one dialect it is compared word for word.
    private mutating func compareUnknown(_ a: JSONObject, _ b: JSONObject, _ path: String) {
        for key in a.keys + b.keys.filter({ !a.contains($0) })
        where a[key].map(LayerMeaning.canonical) != b[key].map(LayerMeaning.canonical) {
            note(.changed, path, key, a[key].map(LayerMeaning.words), b[key].map(LayerMeaning.words))
        }
    }

    private mutating func compareCalls(_ graphs: GraphWords, _ a: any Layer, _ b: any Layer, path: String) {
        let (old, new) = (graphs.calls(ofFirst: a), graphs.calls(ofSecond: b))
        if old.count != new.count { note(.changed, path, "calls", "\(old.count)", "\(new.count)") }
        for (call, (left, right)) in zip(old, new).enumerated() {
            let which = old.count > 1 ? " of call \(call)" : ""
            if left.inputs.compared != right.inputs.compared {
                note(.changed, path, "inputs\(which)", left.inputs.words, right.inputs.words)
            }
            let (mine, theirs) = (LayerMeaning.canonical(.object(left.keywords)), LayerMeaning.canonical(.object(right.keywords)))
            if mine != theirs { note(.changed, path, "arguments\(which)", mine.serialized(), theirs.serialized()) }
        }
    }
}

/// Tensors of two graphs, said so that the same tensor is the same thing in both.
private struct GraphWords {
    typealias Tensors = (compared: [String], words: String)
    private let a: Architecture
    private let b: Architecture
    /// What a layer is compared by: the place of the first model's layer that it is.
    private var marksA: [LayerID: String] = [:]
    private var marksB: [LayerID: String] = [:]
    private var names: [LayerID: String] = [:]

    init(_ a: Architecture, _ b: Architecture, _ matching: LayerMatching) {
        (self.a, self.b) = (a, b)
        let (left, right) = (a.allLayers, b.allLayers)
        for (index, layer) in left.enumerated() { (marksA[layer.id], names[layer.id]) = ("\(index)", layer.name) }
        for (index, layer) in right.enumerated() { (marksB[layer.id], names[layer.id]) = ("new \(index)", layer.name) }
        for pair in matching.pairs { marksB[right[pair.b].id] = "\(pair.a)" }
    }

    /// The tensors themselves are compared apart.
    private func placeholder(_ tensor: TensorRef) -> JSON { "a tensor" }

    func first(_ tensors: [TensorRef]) -> Tensors { said(tensors, marksA) }
    func second(_ tensors: [TensorRef]) -> Tensors { said(tensors, marksB) }

    func calls(ofFirst layer: any Layer) -> [(inputs: Tensors, keywords: JSONObject)] {
        calls(of: layer, in: a).map { (first($0.inputs), $0.words(placeholder)) }
    }

    func calls(ofSecond layer: any Layer) -> [(inputs: Tensors, keywords: JSONObject)] {
        calls(of: layer, in: b).map { (second($0.inputs), $0.words(placeholder)) }
    }

    private func calls(of layer: any Layer, in architecture: Architecture) -> [Call] {
        // A chain says nothing that the order of the layers does not.
        if a.kind == .sequential && b.kind == .sequential { return [] }
        return (architecture.calls[layer.id] ?? []).map { $0.positioned(type(of: layer).argumentNames) }
    }

    private func said(_ tensors: [TensorRef], _ marks: [LayerID: String]) -> Tensors {
        let compared = tensors.map { "\(marks[$0.layer] ?? "?") \($0.call) \($0.output)" }
        let words = tensors.map { tensor in
            let which = (tensor.call > 0 ? " call \(tensor.call)" : "") + (tensor.output > 0 ? " output \(tensor.output)" : "")
            return "'\(names[tensor.layer] ?? "?")'\(which)"
        }
        return (compared, tensors.isEmpty ? "none" : words.joined(separator: ", "))
    }
}

extension Call {
    /// The same call with the tensors that go by name in the places that have these names: `query, value=v` is `query, v`.
    fileprivate func positioned(_ names: [String]) -> Call {
        var call = self
        while call.arguments.count < names.count,
            let found = call.keywordTensors.firstIndex(where: { $0.key == names[call.arguments.count] })
        {
            call.arguments.append(call.keywordTensors.remove(at: found).value)
        }
        return call
    }
}
