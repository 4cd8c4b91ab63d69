import Tensors

/// What a summary says of a model, before either style has laid it out.
struct SummaryRows {
    /// One layer's line.
    struct Row {
        /// How many models it is nested in.
        var level = 0
        /// True for the last layer of a nested model.
        var isLast = false
        var name: String
        var typeName: String
        /// The output shapes of each call; nil until the model is built.
        var shapes: [[SymbolicShape]]?
        var isInput: Bool
        /// The parameters of its weights and those inside it; nil until the model is built.
        var count: Int?
        /// `left[0][0]`, one for each tensor each call takes.
        var connections: [String]
        var isTrainable: Bool
        /// The layers inside it, if it is a model and they are asked for.
        var nested: [Row]
    }

    var name: String
    var rows: [Row]
    /// True if the layers form one straight line, so that nobody needs to read what is connected to what.
    var isSequential: Bool
    var trainable = SummarySize()
    var frozen = SummarySize()

    init(_ root: ModelLayer, _ built: BuiltModel?, expandsNested: Bool) {
        name = root.name
        rows = SummaryRows.rows(of: root.architecture, built, level: 0, expandsNested: expandsNested)
        isSequential = root.architecture.isStraight
        guard let built else { return }
        var types: [LayerID: DType] = [:]
        SummaryRows.collectTypes(root, into: &types)
        for weight in built.trainability(of: root) {
            let size = (weight.spec.dtype ?? types[weight.id.layer] ?? .float32).size
            let own = SummarySize(count: weight.spec.shape.count, bytes: weight.spec.shape.count * size)
            if weight.isTrained { trainable = trainable + own } else { frozen = frozen + own }
        }
    }

    private static func collectTypes(_ layer: any Layer, into types: inout [LayerID: DType]) {
        guard types.updateValue(layer.base.dtype.variable, forKey: layer.id) == nil else { return }
        for child in layer.children { collectTypes(child.layer, into: &types) }
    }

    private static func rows(of model: Architecture, _ built: BuiltModel?, level: Int, expandsNested: Bool) -> [Row] {
        let names = model.layersByID.mapValues(\.name)
        return model.layers.enumerated().map { index, layer in
            let nested = (layer as? ModelLayer)?.architecture
            // Keras lists the connections of its own graph alone; a nested model's layers show none.
            let inputs = level == 0 ? (model.calls[layer.id] ?? []).flatMap(\.inputs) : []
            return Row(
                level: level, isLast: level > 0 && index == model.layers.count - 1, name: layer.name, typeName: layer.typeName,
                shapes: built.flatMap { $0.guesses.contains(layer.id) ? [] : $0.shapes[layer.id] }, isInput: layer is InputLayer,
                count: built.map { $0.allWeights(of: layer).reduce(0) { $0 + $1.spec.shape.count } },
                connections: inputs.map { "\(names[$0.layer] ?? "")[\($0.call)][\($0.output)]" }, isTrainable: layer.base.trainable,
                nested: expandsNested && nested != nil ? rows(of: nested!, built, level: level + 1, expandsNested: true) : [])
        }
    }
}

extension Architecture {
    /// True if each call takes at most one tensor and hands its own to at most one call, and no layer is called twice.
    fileprivate var isStraight: Bool {
        if kind == .sequential { return true }
        var users: [TensorRef: Int] = [:]
        var starts = 0
        for layer in allLayers {
            let calls = calls[layer.id] ?? []
            guard calls.count <= 1 else { return false }
            for inputs in calls.map(\.inputs) {
                guard inputs.count <= 1 else { return false }
                starts += inputs.isEmpty ? 1 : 0
                for input in inputs { users[TensorRef(layer: input.layer, call: input.call), default: 0] += 1 }
            }
        }
        return starts <= 1 && users.values.allSatisfy { $0 == 1 }
    }
}

extension ModelLayer {
    /// Keras's summary of the model: `built` is the same model with its shapes known, nil while they are not.
    package func summary(built: BuiltModel?, _ options: SummaryOptions = SummaryOptions()) -> String {
        let rows = SummaryRows(self, built, expandsNested: options.expandsNested)
        return switch options.style {
        case .keras3: Keras3Summary(rows, options).text
        case .tfKeras: TFKerasSummary(rows, options).text
        }
    }
}

extension BuiltModel {
    /// Keras's summary of the model, every line of it ended.
    package func summary(_ options: SummaryOptions = SummaryOptions()) -> String { root.summary(built: self, options) }
}
