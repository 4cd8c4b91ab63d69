import Tensors

/// What there is to draw of a model: a box for each layer, a frame for each nested model, and what is connected to what.
///
/// A layer that is called several times is one box, as in Keras's picture. Source: `keras.utils.model_to_dot`.
struct PlotGraph {
    struct Box {
        var name: String
        var typeName: String
        /// Below the name, side by side: a label, and a line for each tensor.
        var cells: [(label: String, lines: [String])]
    }

    enum Element {
        case box(Box)
        case frame(PlotGraph)
    }

    /// One end of a connection. A box has one place for all that comes in and one for all that goes out; a frame has one for each tensor.
    struct End: Hashable {
        var element: Int
        var tensor = 0
    }

    struct Edge: Hashable {
        var from: End
        var to: End
    }

    var name: String
    private(set) var elements: [Element] = []
    private(set) var edges: [Edge] = []
    /// Where each of a nested model's inputs goes, and each of its outputs comes from.
    private(set) var entries: [End] = []
    private(set) var exits: [End] = []

    /// - Parameter built: nil while the shapes are not known.
    init(_ model: ModelLayer, _ built: BuiltModel?, _ options: PlotOptions) {
        name = model.name
        let architecture = model.architecture
        // A Sequential's input is not drawn.
        let layers = architecture.layers
        var places: [LayerID: Int] = [:]
        for (index, layer) in layers.enumerated() {
            places[layer.id] = index
            if options.expandNested, let nested = layer as? ModelLayer {
                elements.append(.frame(PlotGraph(nested, built, options)))
            } else {
                elements.append(.box(PlotGraph.box(layer, in: architecture, built, options)))
            }
        }
        func end(_ reference: TensorRef) -> End? {
            guard let place = places[reference.layer] else { return nil }
            if case .frame(let frame) = elements[place] {
                return End(element: place, tensor: min(reference.output, max(frame.exits.count - 1, 0)))
            }
            return End(element: place)
        }
        func start(_ layer: any Layer, _ position: Int) -> End {
            let place = places[layer.id] ?? 0
            if case .frame(let frame) = elements[place] {
                return End(element: place, tensor: min(position, max(frame.entries.count - 1, 0)))
            }
            return End(element: place)
        }
        var seen: Set<Edge> = []
        for layer in layers {
            for call in architecture.calls[layer.id] ?? [] {
                for (position, input) in call.inputs.enumerated() {
                    guard let from = end(input) else { continue }
                    let edge = Edge(from: from, to: start(layer, position))
                    if seen.insert(edge).inserted { edges.append(edge) }
                }
            }
        }
        if architecture.kind == .sequential {
            entries = layers.first.map { [start($0, 0)] } ?? []
        } else {
            entries = architecture.inputs.leaves.compactMap { end($0) }
        }
        exits = architecture.outputs.leaves.compactMap { end($0) }
    }

    private static func box(_ layer: any Layer, in architecture: Architecture, _ built: BuiltModel?, _ options: PlotOptions) -> Box {
        var cells: [(label: String, lines: [String])] = []
        func add(_ label: String, _ lines: [String]) { cells.append((label, lines.isEmpty ? ["?"] : lines)) }
        if options.showShapes {
            let inputs = (architecture.calls[layer.id] ?? []).first?.inputs ?? []
            if !(layer is InputLayer) {
                add(
                    "Input shape",
                    inputs.compactMap { input in
                        built?.outputShapes(of: input).dropFirst(input.output).first?.description
                    })
            }
            add("Output shape", built?.outputShapes(of: TensorRef(layer: layer.id)).map(\.description) ?? [])
        }
        if options.showDType { add("Output dtype", ["\(layer.base.dtype.compute)"]) }
        return Box(name: options.showLayerNames ? layer.name : "", typeName: layer.typeName, cells: cells)
    }
}
