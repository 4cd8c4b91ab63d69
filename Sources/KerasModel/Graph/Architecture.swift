import JSON
import Tensors

/// A tensor of a graph: what the `call`-th call of a layer gives at `output`. Calls count from 0, in the order they were made.
public struct TensorRef: Hashable, Sendable {
    public var layer: LayerID
    public var call: Int
    public var output: Int

    public init(layer: LayerID, call: Int = 0, output: Int = 0) {
        self.layer = layer
        self.call = call
        self.output = output
    }
}

/// The structure in which Python passed tensors: one, a list, a dictionary.
public indirect enum Tree<Leaf: Sendable>: Sendable {
    case leaf(Leaf)
    /// None in the place of a tensor.
    case none
    case list([Tree])
    case dictionary([(key: String, value: Tree)])

    /// The leaves from first to last; a dictionary's in the order of its keys.
    public var leaves: [Leaf] {
        switch self {
        case .leaf(let leaf): [leaf]
        case .none: []
        case .list(let items): items.flatMap(\.leaves)
        case .dictionary(let items): items.flatMap(\.value.leaves)
        }
    }

    package func map<T: Sendable>(_ transform: (Leaf) throws -> T) rethrows -> Tree<T> {
        switch self {
        case .leaf(let leaf): .leaf(try transform(leaf))
        case .none: .none
        case .list(let items): .list(try items.map { try $0.map(transform) })
        case .dictionary(let items): .dictionary(try items.map { ($0.key, try $0.value.map(transform)) })
        }
    }
}

/// One call of a layer.
public struct Call: Sendable {
    /// The positional arguments. Add takes one, a list; Dense one, a tensor.
    public var arguments: [Tree<TensorRef>]
    /// `training`, `mask` and the like, as written, in Keras 3's form. Those that are null are left out.
    public var keywords: JSONObject
    /// The arguments by keyword that are tensors, or structures of them: `mask`, `value`, `initial_state`.
    public var keywordTensors: [(key: String, value: Tree<TensorRef>)]
    /// How an operation is called, where tensors stand among other values. ``arguments`` then lists its tensors as they come.
    public var form: CallForm?

    public init(
        _ arguments: [Tree<TensorRef>], keywords: JSONObject = [:], keywordTensors: [(key: String, value: Tree<TensorRef>)] = [],
        form: CallForm? = nil
    ) {
        self.form = form
        self.arguments = arguments
        self.keywords = keywords
        self.keywordTensors = keywordTensors
    }

    /// All tensors, as Keras flattens them: those by position, then those by keyword, the keywords in the order of their letters.
    public var inputs: [TensorRef] {
        arguments.flatMap(\.leaves) + keywordTensors.sorted { $0.key < $1.key }.flatMap(\.value.leaves)
    }

    /// The same call of other tensors.
    package func map(_ transform: (TensorRef) throws -> TensorRef) rethrows -> Call {
        Call(
            try arguments.map { try $0.map(transform) }, keywords: keywords,
            keywordTensors: try keywordTensors.map { ($0.key, try $0.value.map(transform)) }, form: form)
    }
}

/// The pure description of a model: its layers and how their calls hang together. No weights, no numbers.
public struct Architecture: Sendable {
    public enum Kind: Sendable { case sequential, functional }

    public var kind: Kind
    public var name: String
    /// As the file lists them; a Sequential's input layer is not among them.
    public var layers: [any Layer]
    /// The calls of each layer in the order they were made.
    public var calls: [LayerID: [Call]]
    public var inputs: Tree<TensorRef>
    public var outputs: Tree<TensorRef>
    /// The input layer of a Sequential, if its input shape is known.
    public var sequentialInput: InputLayer?
    /// Keys of the model's own configuration that this version does not know.
    package var unknownKeys = JSONObject()
    /// The dialect it was read from; nil if it was made in Swift.
    package var dialect: Dialect?

    package init(
        functional name: String, layers: [any Layer], calls: [LayerID: [Call]], inputs: Tree<TensorRef>, outputs: Tree<TensorRef>
    ) {
        kind = .functional
        self.name = name
        self.layers = layers
        self.calls = calls
        self.inputs = inputs
        self.outputs = outputs
    }

    /// A chain of layers, each with a name. The input is the given one, or the first layer's `batchShape`, or not known yet.
    package init(sequential name: String, layers: [any Layer], input: InputLayer? = nil) {
        kind = .sequential
        self.name = name
        var layers = Architecture.named(layers)
        var input = input
        if let first = layers.first as? InputLayer {
            input = first
            layers.removeFirst()
        } else if input == nil, let first = layers.first, let shape = first.base.batchShape {
            input = InputLayer(batchShape: shape, name: first.base.name.map { $0 + "_input" }, dtype: first.inputDType)
        } else if input == nil, let nested = (layers.first as? ModelLayer)?.architecture.inputLayers.first {
            input = InputLayer(batchShape: nested.batchShape, name: nested.base.name, dtype: nested.base.dtype)
        }
        self.layers = layers
        sequentialInput = input
        calls = [:]
        let start = TensorRef(layer: input?.id ?? LayerID())
        if let input { calls[input.id] = [Call([])] }
        var last = start
        for layer in layers {
            calls[layer.id] = [Call([.leaf(last)])]
            last = TensorRef(layer: layer.id)
        }
        inputs = .leaf(start)
        outputs = .leaf(last)
    }

    /// The layers and, of a Sequential, its input layer.
    package var allLayers: [any Layer] { (sequentialInput.map { [$0] } ?? []) + layers }

    /// ``allLayers`` by their identities.
    package var layersByID: [LayerID: any Layer] { Dictionary(allLayers.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first }) }

    /// The input layers in the order of ``inputs``.
    public var inputLayers: [InputLayer] {
        let known = layersByID
        return inputs.leaves.compactMap { known[$0.layer] as? InputLayer }
    }

    /// The layer of this name; nil if there is none.
    public func layer(named name: String) -> (any Layer)? { allLayers.first { $0.name == name } }

    package func layer(_ id: LayerID) -> (any Layer)? { allLayers.first { $0.id == id } }
}
