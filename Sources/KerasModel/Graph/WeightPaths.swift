/// How a Keras names the objects of a model in `.keras` and `.weights.h5`: by the attributes that lead to them. Source: `saving_lib._save_state`.
package enum PathRules: String, CaseIterable, Sendable {
    /// Keras 3: attributes from the first name to the last; every layer of a list counts among those of its class.
    case keras3
    /// TensorFlow 2.15 and tf_keras: attributes from the last name to the first; a layer that was met before does not count.
    case tfKeras
    /// TensorFlow 2.14: a model's list of layers has another name.
    case tensorFlow214
    /// TensorFlow 2.12 and 2.13: in that list each layer with weights stands twice, and counts twice.
    case tensorFlow212

    /// What a model's list of layers is called.
    package var listOfLayers: String {
        switch self {
        case .keras3, .tfKeras: "layers"
        case .tensorFlow214, .tensorFlow212: "_layer_checkpoint_dependencies"
        }
    }

    /// How far a layer in a list brings the count of its class.
    package func step(hasWeights: Bool) -> Int { self == .tensorFlow212 && hasWeights ? 2 : 1 }

    /// Those of a version; of none given, Keras 3's.
    package init(_ version: KerasVersion?) {
        guard let version, version.major < 3 else {
            self = .keras3
            return
        }
        self = version.isBefore(2, 14) ? .tensorFlow212 : version.isBefore(2, 15) ? .tensorFlow214 : .tfKeras
    }

    fileprivate var countsKnown: Bool { self == .keras3 || self == .tensorFlow212 }
}

extension WeightTree.Branch {
    fileprivate func attribute(by rules: PathRules) -> String { rules == .keras3 ? attribute : olderAttribute ?? attribute }
}

extension WeightTree {
    /// A layer under the path a file has it at, with its own weights in the order they are stored.
    package struct Object: Sendable {
        /// `layers/lstm/cell`; empty for the model itself.
        package let path: String
        package let layer: any Layer
        package let weights: [Entry]
        /// Those that a file has within others: see ``WeightSpec/isMerged``.
        package let merged: [Entry]
    }

    /// Every layer under the path that leads to it, in the order Keras writes them; one that two models or wrappers share under each, since
    /// they have the words of it each and Keras makes a layer of them each time.
    package func objects(by rules: PathRules) -> [Object] { objects(by: rules, copies: nil) }

    /// The same with every layer once, under the first path that leads to it: as Keras writes what is shared while it is.
    ///
    /// - Parameter copies: layers that were another one when the file was written (``copies``): they have no path of their own.
    package func objects(by rules: PathRules, copies: [LayerID: LayerID]?) -> [Object] {
        var seen: Set<LayerID> = []
        var objects: [Object] = []
        walk("", rules, copies, &seen, &objects)
        return objects
    }

    /// True if a layer with weights stands in the tree twice.
    package var sharesLayers: Bool {
        func count(_ objects: [Object]) -> Int { objects.count { !$0.weights.isEmpty } }
        return count(objects(by: .keras3)) > count(objects(by: .keras3, copies: [:]))
    }

    private func walk(
        _ path: String, _ rules: PathRules, _ copies: [LayerID: LayerID]?, _ seen: inout Set<LayerID>, _ objects: inout [Object]
    ) {
        if let copies { guard seen.insert(copies[layer.id] ?? layer.id).inserted else { return } }
        let own = branches.filter(\.attribute.isEmpty).reduce(self.own) { $0 + $1.tree.own }
        // Two lists are joined: that of what a layer made to be trained, and that of the rest. Freezing moves nothing.
        let merged = own.filter(\.spec.isMerged)
        let apart = own.filter { !$0.spec.isMerged }
        let (first, others) = (apart.filter(\.spec.isStoredFirst), apart.filter { !$0.spec.isStoredFirst })
        let held = branches.flatMap(\.tree.own).filter { layer.namesOfHeldWeights.contains($0.spec.name) }
        let stored = first + held + others.filter(\.spec.isTrainable) + others.filter { !$0.spec.isTrainable }
        objects.append(Object(path: path, layer: layer, weights: stored, merged: merged))
        let prefix = path.isEmpty ? "" : path + "/"
        for attribute in attributes(by: rules) {
            let members = branches.filter { $0.attribute(by: rules) == attribute }
            guard members[0].isListed else {
                members[0].tree.walk(prefix + attribute, rules, copies, &seen, &objects)
                continue
            }
            let list = prefix + (layer is ModelLayer && attribute == "layers" ? rules.listOfLayers : attribute)
            var counts: [String: Int] = [:]
            for member in members
            where rules.countsKnown || copies == nil || !seen.contains(copies?[member.tree.layer.id] ?? member.tree.layer.id) {
                let name = Architecture.snakeCase(member.tree.layer.typeName)
                let count = counts[name, default: 0]
                counts[name] = count + rules.step(hasWeights: !member.tree.all.isEmpty)
                member.tree.walk("\(list)/\(name)" + (count == 0 ? "" : "_\(count)"), rules, copies, &seen, &objects)
            }
        }
    }

    /// The attributes that hold layers, in the order they are visited; those that begin with an underscore stand at the end for Keras 3, and so
    /// they do by their letters where the order is the reverse.
    private func attributes(by rules: PathRules) -> [String] {
        let names = Set(branches.filter { !$0.attribute.isEmpty }.map { $0.attribute(by: rules) })
        // A list of a model's layers comes first in Keras 3, and is all that a model has.
        return rules == .keras3 ? names.sorted { ($0.hasPrefix("_") ? 1 : 0, $0) < ($1.hasPrefix("_") ? 1 : 0, $1) } : names.sorted(by: >)
    }
}

extension WeightTree {
    /// Layers that may have been one when the file was written: a wrapper's own and one of a model, of one class and name and with the same
    /// weights. Keras writes the one once, under the path it meets first, and its words twice; what it makes of them are two layers, so that it
    /// cannot load such a file. From a layer of a model to the wrapper's.
    package var copies: [LayerID: LayerID] {
        let (held, listed) = namedLayers
        let originals = Dictionary(held, uniquingKeysWith: { first, _ in first })
        return listed.reduce(into: [:]) { found, entry in
            if let original = originals[entry.key], original != entry.id { found[entry.id] = original }
        }
    }

    /// The same between models, one inside the other or both in a third: from each layer that a file lacks to the first like it that it has.
    package func copies(of lacking: Set<LayerID>) -> [LayerID: LayerID] {
        let layers = namedLayers.listed
        let originals = Dictionary(layers.filter { !lacking.contains($0.id) }, uniquingKeysWith: { first, _ in first })
        return layers.reduce(into: [:]) { found, entry in
            if lacking.contains(entry.id) { found[entry.id] = originals[entry.key] }
        }
    }

    /// The layers with weights that wrappers hold and that models list, each with what it would have in common with itself.
    private var namedLayers: (held: [(key: String, id: LayerID)], listed: [(key: String, id: LayerID)]) {
        var held: [(key: String, id: LayerID)] = []
        var listed: [(key: String, id: LayerID)] = []
        func visit(_ tree: WeightTree) {
            for branch in tree.branches {
                let inner = branch.tree
                if !inner.layer.name.isEmpty, !inner.all.isEmpty {
                    if tree.layer is ModelLayer {
                        listed.append((inner.signature, inner.layer.id))
                    } else if !branch.isListed {
                        held.append((inner.signature, inner.layer.id))
                    }
                }
                visit(inner)
            }
        }
        visit(self)
        return (held, listed)
    }

    /// Class, name and weights, at every depth.
    private var signature: String {
        let own = own.map { "\($0.spec.name)\($0.spec.shape)" }.joined(separator: ",")
        let inner = branches.map { "\($0.attribute)=\($0.tree.signature)" }.joined(separator: ";")
        return "\(layer.typeName) \(layer.name)[\(own)](\(inner))"
    }

    /// For each weight that trains, in order, which of the weights it is if ``copies`` are what they are copies of.
    fileprivate var trainedOriginals: [Int] {
        var same: [WeightID: WeightID] = [:]
        for (copy, original) in copies {
            guard let some = self[copy], let others = self[original] else { continue }
            for (a, b) in zip(some.all, others.all) { same[a.id] = b.id }
        }
        var places: [WeightID: Int] = [:]
        return all.filter(\.isTrained).map { weight in
            let id = same[weight.id] ?? weight.id
            let place = places[id] ?? places.count
            places[id] = place
            return place
        }
    }

    /// The layer with this identity, somewhere in the tree.
    package subscript(id: LayerID) -> WeightTree? {
        layer.id == id ? self : branches.lazy.compactMap { $0.tree[id] }.first
    }
}

extension BuiltModel {
    /// Which of the weights that train each was when a file was written in which layers were shared: numbers from 0 in order.
    var trainedOriginals: [Int] { tree(of: root).trainedOriginals }
}
