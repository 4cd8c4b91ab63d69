import JSON

extension ModelLayer {
    /// The architecture in words that do not hang on the dialect or the container it was read from: two models with the same text compute the
    /// same from the same weights, under the same names.
    package var canonicalArchitecture: JSON {
        let architecture = architecture
        let places = Dictionary(
            architecture.allLayers.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        func reference(_ tensor: TensorRef) -> JSON {
            [.integer(places[tensor.layer] ?? -1), .integer(tensor.call), .integer(tensor.output)]
        }
        let layers = architecture.allLayers.map { layer -> JSON in
            var entry: JSONObject = ["class": .string(layer.typeName)]
            if layer.id != architecture.sequentialInput?.id { entry["name"] = .string(layer.name) }
            let meaning = LayerMeaning(layer).values.filter { !$0.value.isNull }.sorted { $0.key < $1.key }
            entry["settings"] = .object(JSONObject(meaning.map { ($0.key, $0.value) }))
            if let model = layer as? ModelLayer { entry["model"] = model.canonicalArchitecture }
            let calls = layer is InputLayer ? [] : architecture.calls[layer.id] ?? []
            entry["calls"] = .array(
                calls.map { call in
                    .array([
                        .array(call.inputs.map(reference)),
                        .object(JSONObject(call.words(reference).sorted { $0.key < $1.key }.map { ($0.key, $0.value) })),
                    ])
                })
            return .object(entry)
        }
        return [
            "inputs": tree(architecture.inputs.map(reference)), "outputs": tree(architecture.outputs.map(reference)),
            "layers": .array(layers),
        ]
    }

    private func tree(_ tree: Tree<JSON>) -> JSON {
        switch tree {
        case .leaf(let json): json
        case .none: .null
        // A list of one is a tensor to every Keras.
        case .list(let items): items.count == 1 ? self.tree(items[0]) : .array(items.map(self.tree))
        case .dictionary(let items): .object(JSONObject(items.map { ($0.key, self.tree($0.value)) }))
        }
    }
}
