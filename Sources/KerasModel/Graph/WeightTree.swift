import Tensors

/// The weights of a layer and of the layers inside it, as Keras holds them: variables of its own, and layers under attribute names.
///
/// Each order in which a user or a file sees weights is a walk over it: ``all`` is that of `get_weights`, ``trainableFirst`` that of the legacy
/// layout, ``objects(by:)`` gives the paths of `.keras` and `.weights.h5`.
package struct WeightTree: Sendable {
    /// One weight, and whether training moves it: the layer, and each that holds it, must be trainable.
    package struct Entry: Sendable {
        package let id: WeightID
        package let spec: WeightSpec
        package let isTrained: Bool
    }

    /// A layer under an attribute.
    package struct Branch: Sendable {
        package let attribute: String
        /// See ``ChildLayer/olderAttribute``.
        package let olderAttribute: String?
        /// True if the attribute is a list, in which layers go by their classes.
        package let isListed: Bool
        package let tree: WeightTree
    }

    package let layer: any Layer
    /// The layer's own weights in the order of creation.
    package let own: [Entry]
    package let branches: [Branch]

    /// Every weight once, in the order of creation: a layer's own before those of the layers inside it.
    package var all: [Entry] {
        var seen: Set<LayerID> = []
        return collect(&seen)
    }

    /// Keras's legacy order: what trains first, then what does not. In a plain layer a frozen weight keeps its place; inside a nested model
    /// it goes to the end.
    package var trainableFirst: [Entry] {
        let isPlain = branches.isEmpty
        let all = all
        return all.filter { isPlain ? $0.spec.isTrainable : $0.isTrained } + all.filter { !(isPlain ? $0.spec.isTrainable : $0.isTrained) }
    }

    private func collect(_ seen: inout Set<LayerID>) -> [Entry] {
        guard seen.insert(layer.id).inserted else { return [] }
        return branches.reduce(into: own) { $0 += $1.tree.collect(&seen) }
    }
}

extension BuiltModel {
    /// The weights of a layer of this model, or of all of it.
    package func tree(of layer: any Layer) -> WeightTree { tree(of: layer, isTrainable: true) }

    private func tree(of layer: any Layer, isTrainable: Bool) -> WeightTree {
        let trains = isTrainable && layer.base.trainable
        return WeightTree(
            layer: layer,
            own: ownWeights(of: layer).map { WeightTree.Entry(id: $0.id, spec: $0.spec, isTrained: trains && $0.spec.isTrainable) },
            branches: layer.children.map { child in
                WeightTree.Branch(
                    attribute: child.attribute, olderAttribute: child.olderAttribute, isListed: child.isListed,
                    tree: tree(of: child.layer, isTrainable: trains))
            })
    }

    /// Every layer within the model, at any depth.
    package var layersWithin: [LayerID: any Layer] {
        var found: [LayerID: any Layer] = [:]
        func visit(_ layer: any Layer) {
            guard found.updateValue(layer, forKey: layer.id) == nil else { return }
            for child in layer.children { visit(child.layer) }
        }
        visit(root)
        return found
    }

    /// The layer's weights and those of the layers inside it, a shared one once, in creation order.
    package func allWeights(of layer: any Layer) -> [(id: WeightID, spec: WeightSpec)] { tree(of: layer).all.map { ($0.id, $0.spec) } }

    /// Keras's legacy order, see ``WeightTree/trainableFirst``.
    package func legacyWeights(of layer: any Layer) -> [(id: WeightID, spec: WeightSpec)] {
        tree(of: layer).trainableFirst.map { ($0.id, $0.spec) }
    }

    /// Every weight with whether training moves it.
    package func trainability(of layer: any Layer) -> [(id: WeightID, spec: WeightSpec, isTrained: Bool)] {
        tree(of: layer).all.map { ($0.id, $0.spec, $0.isTrained) }
    }

    /// What gradients move, in the model's order: names that are unlike each other, and shapes.
    package var trainedWeights: [(name: String, shape: Shape)] {
        func named(_ tree: WeightTree, _ path: String) -> [(id: WeightID, name: String)] {
            tree.own.map { ($0.id, path + $0.spec.name) }
                + tree.branches.flatMap { named($0.tree, path + ($0.tree.layer.name.isEmpty ? $0.attribute : $0.tree.layer.name) + "_") }
        }
        let tree = tree(of: root)
        let names = Dictionary(named(tree, "").map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        return tree.all.filter(\.isTrained).map { (names[$0.id] ?? $0.spec.name, $0.spec.shape) }
    }
}
