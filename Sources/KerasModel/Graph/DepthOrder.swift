extension Architecture {
    /// A Functional's layers in the order into which Keras brings them when it builds one: files hold weights in that order, by position or by
    /// counting classes.
    ///
    /// The farther from the outputs the sooner; at one distance, as they are met on the way from the outputs back
    /// (`keras.src.ops.function.map_graph`). Layers that lead to no output come last.
    package func sortedAsKeras() -> Architecture {
        guard kind == .functional else { return self }
        let (calls, met) = fromOutputs()
        let layerDepths = depths(of: calls).layers
        let places = Dictionary(layers.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        func key(_ layer: any Layer) -> (Int, Int, Int) {
            // An input that leads nowhere counts as an end.
            let isIdleInput = layer is InputLayer && layerDepths[layer.id] == nil
            return (-(layerDepths[layer.id] ?? (isIdleInput ? 0 : -1)), isIdleInput ? -1 : met[layer.id] ?? .max, places[layer.id]!)
        }
        var copy = self
        copy.layers = layers.map { ($0, key($0)) }.sorted { $0.1 < $1.1 }.map(\.0)
        return copy
    }

    /// The calls in the order in which Keras makes them: the farther from the outputs the sooner. Those that lead to no output are not among
    /// them.
    func callsAsKeras() -> [TensorRef] {
        let depths = depths(of: fromOutputs().calls).calls
        return depths.enumerated().sorted { ($1.element.depth, $0.offset) < ($0.element.depth, $1.offset) }.map(\.element.call)
    }

    /// How far calls are from the outputs, in the order in which they are met, and the layers they are calls of.
    private func depths(of calls: [TensorRef]) -> (calls: [(call: TensorRef, depth: Int)], layers: [LayerID: Int]) {
        var depths: [TensorRef: Int] = [:]
        var met: [TensorRef] = []
        var layerDepths: [LayerID: Int] = [:]
        for call in calls.reversed() {
            let depth = max(depths[call, default: 0], layerDepths[call.layer, default: 0])
            if depths.updateValue(depth, forKey: call) == nil { met.append(call) }
            layerDepths[call.layer] = depth
            for input in inputs(of: call) {
                if depths.updateValue(max(depth + 1, depths[input, default: 0]), forKey: input) == nil { met.append(input) }
            }
        }
        return (met.map { ($0, depths[$0]!) }, layerDepths)
    }

    private func inputs(of call: TensorRef) -> [TensorRef] {
        guard let list = calls[call.layer], list.indices.contains(call.call) else { return [] }
        return list[call.call].inputs.map { TensorRef(layer: $0.layer, call: $0.call) }
    }

    /// The calls that the outputs hang on, each after those it takes its inputs from, and when each layer was met first.
    private func fromOutputs() -> (calls: [TensorRef], met: [LayerID: Int]) {
        var order: [TensorRef] = []
        var met: [LayerID: Int] = [:]
        var seen: Set<TensorRef> = []
        // Not by recursion: a graph may be as deep as its file is long.
        var path: [(call: TensorRef, waiting: ArraySlice<TensorRef>)] = []
        func enter(_ call: TensorRef) {
            guard seen.insert(call).inserted else { return }
            if met[call.layer] == nil { met[call.layer] = met.count }
            path.append((call, inputs(of: call)[...]))
        }
        for output in outputs.leaves {
            enter(TensorRef(layer: output.layer, call: output.call))
            while let last = path.indices.last {
                if let next = path[last].waiting.popFirst() {
                    enter(next)
                } else {
                    order.append(path.removeLast().call)
                }
            }
        }
        return (order, met)
    }
}
