import Tensors

// What a stateful layer keeps from one batch to the next. Keras has it neither among a layer's weights nor in its files.

extension WeightID {
    /// The place of the first state among a layer's weights: it stands in a graph as a weight that a run leaves changed.
    private static let firstState = 1 << 20

    /// A state of a recurrent layer.
    static func state(_ index: Int, of layer: LayerID) -> WeightID { WeightID(layer: layer, index: firstState + index) }

    package var isState: Bool { index >= WeightID.firstState }
}

extension LayerCall {
    /// The state that the batch before has left, or the call before in the same batch.
    func kept(_ index: Int, of layer: any RecurrentLayer, shape: Shape) throws -> Value {
        let id = WeightID.state(index, of: layer.id)
        let type = layer.base.dtype
        let value = lowering.updates[id] ?? lowering.graph.weight(id, shape: shape, dtype: type.variable)
        return try cast(value, type.compute)
    }

    func keep(_ index: Int, of layer: any RecurrentLayer, _ state: Value) throws {
        lowering.updates[.state(index, of: layer.id)] = try cast(state, layer.base.dtype.variable)
    }
}

extension LoweredModel {
    /// The states that a run leaves changed: which, and the value that becomes of each.
    package var states: [(id: WeightID, value: OpGraph.ValueID)] {
        updates.filter(\.weight.isState).map { ($0.weight, $0.value) }
    }
}

extension BuiltModel {
    /// Whether a batch hangs on the one before it.
    package var isStateful: Bool {
        func holds(_ layer: any Layer) -> Bool {
            (layer as? any RecurrentLayer)?.recurrent.stateful == true || layer.children.contains { holds($0.layer) }
        }
        return holds(root)
    }
}
