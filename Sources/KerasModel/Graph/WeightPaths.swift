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
    }

    /// Every layer once, under the first path that leads to it, in the order Keras writes them.
    package func objects(by rules: PathRules) -> [Object] {
        var seen: Set<LayerID> = []
        var objects: [Object] = []
        walk("", rules, &seen, &objects)
        return objects
    }

    private func walk(_ path: String, _ rules: PathRules, _ seen: inout Set<LayerID>, _ objects: inout [Object]) {
        guard seen.insert(layer.id).inserted else { return }
        // Two lists are joined: that of what a layer made to be trained, and that of the rest. Freezing moves nothing.
        let stored = own.filter(\.spec.isTrainable) + own.filter { !$0.spec.isTrainable }
        objects.append(Object(path: path, layer: layer, weights: stored))
        let prefix = path.isEmpty ? "" : path + "/"
        for attribute in attributes(by: rules) {
            let members = branches.filter { $0.attribute(by: rules) == attribute }
            guard members[0].isListed else {
                members[0].tree.walk(prefix + attribute, rules, &seen, &objects)
                continue
            }
            let list = prefix + (layer is ModelLayer && attribute == "layers" ? rules.listOfLayers : attribute)
            var counts: [String: Int] = [:]
            for member in members where rules.countsKnown || !seen.contains(member.tree.layer.id) {
                let name = Architecture.snakeCase(member.tree.layer.typeName)
                let count = counts[name, default: 0]
                counts[name] = count + rules.step(hasWeights: !member.tree.all.isEmpty)
                member.tree.walk("\(list)/\(name)" + (count == 0 ? "" : "_\(count)"), rules, &seen, &objects)
            }
        }
    }

    /// The attributes that hold layers, in the order they are visited; those that begin with an underscore stand at the end for Keras 3, and so
    /// they do by their letters where the order is the reverse.
    private func attributes(by rules: PathRules) -> [String] {
        let names = Set(branches.map { $0.attribute(by: rules) })
        // A list of a model's layers comes first in Keras 3, and is all that a model has.
        return rules == .keras3 ? names.sorted { ($0.hasPrefix("_") ? 1 : 0, $0) < ($1.hasPrefix("_") ? 1 : 0, $1) } : names.sorted(by: >)
    }
}
