import KerasModel

extension SavedModel {
    /// The model with each Sequential that holds a Functional as a Functional itself, for files that every Keras reads.
    ///
    /// Keras 2 wants the outputs of a model in a list, be it of one, and Keras 3 takes them for a list then. It finds the tensor all the same
    /// where a call is written down, but hands the list on from layer to layer of a Sequential.
    func withChainsAsGraphs(_ notes: Losses) -> SavedModel {
        var copy = self
        copy.root = SavedModel.graph(root, notes)
        return copy
    }

    private static func graph(_ model: ModelLayer, _ notes: Losses) -> ModelLayer {
        var model = model
        model.architecture.layers = model.architecture.layers.map { layer in (layer as? ModelLayer).map { graph($0, notes) } ?? layer }
        guard model.architecture.kind == .sequential, let input = model.architecture.sequentialInput,
            model.architecture.layers.contains(where: { ($0 as? ModelLayer)?.architecture.kind == .functional })
        else { return model }
        notes.add("'\(model.name)' is written as a Functional: Keras 3 does not read a Sequential that holds one from such a file")
        model.architecture.layers.insert(input, at: 0)
        model.architecture.sequentialInput = nil
        model.architecture.kind = .functional
        return model
    }
}
