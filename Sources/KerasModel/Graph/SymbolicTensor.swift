import JSON
import Tensors

/// A tensor of a model that is being described: what calling a layer on others gives. It has no numbers.
public struct SymbolicTensor: Sendable {
    let call: SymbolicCall
    let output: Int
    /// Known for the tensors of a model that is built.
    public let shape: SymbolicShape?

    init(_ call: SymbolicCall, output: Int = 0, shape: SymbolicShape? = nil) {
        self.call = call
        self.output = output
        self.shape = shape
    }

    /// The layer that gives it.
    public var layer: any Layer { call.layer }
}

/// One call of a layer on symbolic tensors. Its identity is its place in the graph.
final class SymbolicCall: Sendable {
    let layer: any Layer
    let arguments: [Tree<SymbolicTensor>]
    let keywords: JSONObject
    let keywordTensors: [(key: String, value: Tree<SymbolicTensor>)]
    let form: CallForm?
    /// Grows with time, so that the calls of a layer have the order they were made in.
    let id = LayerID()

    init(
        layer: any Layer, arguments: [Tree<SymbolicTensor>], keywords: JSONObject = [:],
        keywordTensors: [(key: String, value: Tree<SymbolicTensor>)] = [], form: CallForm? = nil
    ) {
        self.form = form
        self.layer = layer
        self.arguments = arguments
        self.keywords = keywords
        self.keywordTensors = keywordTensors
    }

    var inputs: [SymbolicTensor] { arguments.flatMap(\.leaves) + keywordTensors.flatMap(\.value.leaves) }
}

/// A model's input: `(n, …)` with these lengths; nil is open. Keras: `keras.Input(shape=…)`.
public func Input(_ dims: Int?..., batchSize: Int? = nil, dtype: DType = .float32, name: String? = nil) -> SymbolicTensor {
    let layer = InputLayer(batchShape: SymbolicShape([batchSize] + dims), name: name, dtype: DTypePolicy(dtype))
    return SymbolicTensor(SymbolicCall(layer: layer, arguments: []), shape: layer.batchShape)
}

extension Layer {
    /// Calls the layer on one tensor.
    public func callAsFunction(_ input: SymbolicTensor) -> SymbolicTensor {
        SymbolicTensor(SymbolicCall(layer: self, arguments: [.leaf(input)]))
    }

    /// Calls the layer on a list of tensors, as Add and Concatenate take them.
    public func callAsFunction(_ inputs: [SymbolicTensor]) -> SymbolicTensor {
        SymbolicTensor(SymbolicCall(layer: self, arguments: [.list(inputs.map(Tree.leaf))]))
    }
}

extension ModelLayer {
    /// Calls the model on its inputs; every one of its outputs.
    package func outputs(calledOn inputs: [SymbolicTensor]) -> [SymbolicTensor] {
        let call = SymbolicCall(layer: self, arguments: [inputs.count == 1 ? .leaf(inputs[0]) : .list(inputs.map(Tree.leaf))])
        return architecture.outputs.leaves.indices.map { SymbolicTensor(call, output: $0) }
    }
}

extension BuiltModel {
    /// The tensors of this model, to describe another model with.
    package var symbolicTensors: [TensorRef: SymbolicTensor] {
        var known: [TensorRef: SymbolicCall] = [:]
        var result: [TensorRef: SymbolicTensor] = [:]
        let layers = architecture.layersByID
        for reference in order(of: root.id) {
            guard let layer = layers[reference.layer], let call = architecture.calls[reference.layer]?[reference.call] else { continue }
            func symbolic(_ tree: Tree<TensorRef>) -> Tree<SymbolicTensor> {
                tree.map { SymbolicTensor(known[TensorRef(layer: $0.layer, call: $0.call)]!, output: $0.output) }
            }
            let symbolic = SymbolicCall(
                layer: layer, arguments: call.arguments.map(symbolic), keywords: call.keywords,
                keywordTensors: call.keywordTensors.map { ($0.key, symbolic($0.value)) }, form: call.form)
            known[reference] = symbolic
            for (output, shape) in outputShapes(of: reference).enumerated() {
                let tensor = TensorRef(layer: reference.layer, call: reference.call, output: output)
                result[tensor] = SymbolicTensor(symbolic, output: output, shape: shape)
            }
        }
        return result
    }
}

extension Architecture {
    /// The graph that leads from `inputs` to `outputs`, with a name for each layer that has none.
    ///
    /// - Throws: a `mismatch` problem if an output hangs on an input that is not given.
    package init(name: String, inputs: [SymbolicTensor], outputs: [SymbolicTensor]) throws {
        let ends = Set(inputs.map { ObjectIdentifier($0.call) })
        var seen: [ObjectIdentifier: SymbolicCall] = [:]
        var waiting = outputs.map(\.call) + inputs.map(\.call)
        while let call = waiting.popLast() {
            guard seen.updateValue(call, forKey: ObjectIdentifier(call)) == nil, !ends.contains(ObjectIdentifier(call)) else { continue }
            if call.layer is InputLayer {
                throw KerasError(.mismatch, "an output hangs on an input that is not among the model's", found: "'\(call.layer.name)'")
            }
            waiting += call.inputs.map(\.call)
        }
        let calls = seen.values.sorted { $0.id < $1.id }
        var layers: [any Layer] = []
        var references: [ObjectIdentifier: TensorRef] = [:]
        var counts: [LayerID: Int] = [:]
        let given = Dictionary(inputs.map { (ObjectIdentifier($0.call), $0) }, uniquingKeysWith: { first, _ in first })
        for call in calls {
            // A tensor inside another model that is taken as an input here gets an input layer of its own in its place.
            var layer = call.layer
            if let input = given[ObjectIdentifier(call)], !(layer is InputLayer) {
                guard let shape = input.shape else {
                    throw KerasError(
                        .mismatch, "an input's shape is not known", found: "'\(layer.name)'",
                        expected: "Input(…), or a built model's tensor")
                }
                layer = InputLayer(batchShape: shape, name: layer.name + "_input", dtype: layer.base.dtype)
            }
            references[ObjectIdentifier(call)] = TensorRef(layer: layer.id, call: counts[layer.id, default: 0])
            if counts[layer.id] == nil { layers.append(layer) }
            counts[layer.id, default: 0] += 1
        }
        func reference(_ tensor: SymbolicTensor) -> TensorRef {
            var reference = references[ObjectIdentifier(tensor.call)]!
            reference.output = tensor.output
            return reference
        }
        var nodes: [LayerID: [Call]] = [:]
        for call in calls {
            let isEnd = ends.contains(ObjectIdentifier(call))
            let node =
                isEnd
                ? Call([])
                : Call(
                    call.arguments.map { $0.map(reference) }, keywords: call.keywords,
                    keywordTensors: call.keywordTensors.map { ($0.key, $0.value.map(reference)) }, form: call.form)
            nodes[references[ObjectIdentifier(call)]!.layer, default: []].append(node)
        }
        func tree(_ tensors: [SymbolicTensor]) -> Tree<TensorRef> {
            tensors.count == 1 ? .leaf(reference(tensors[0])) : .list(tensors.map { .leaf(reference($0)) })
        }
        let graph = Architecture(
            functional: name, layers: Architecture.named(layers), calls: nodes, inputs: tree(inputs), outputs: tree(outputs))
        self = graph.sortedAsKeras()
    }

    /// The layers with a name each, as Keras 3 gives them: the class in snake case, then `_1`, `_2`.
    package static func named(_ layers: [any Layer]) -> [any Layer] {
        var taken = Set(layers.compactMap(\.base.name))
        var counts: [String: Int] = [:]
        return layers.map { layer in
            guard layer.base.name == nil else { return layer }
            let base = snakeCase(layer.typeName)
            var name: String
            repeat {
                let count = counts[base, default: 0]
                name = count == 0 ? base : "\(base)_\(count)"
                counts[base] = count + 1
            } while taken.contains(name)
            taken.insert(name)
            var layer = layer
            layer.base.name = name
            return layer
        }
    }

    /// Keras's rule (`naming.to_snake_case`): `Conv2D` → `conv2d`, `MaxPooling2D` → `max_pooling2d`, `ReLU` → `re_lu`.
    package static func snakeCase(_ name: String) -> String {
        let letters = Array(name.unicodeScalars)
        var result = ""
        for (index, letter) in letters.enumerated() {
            let isCapital = letter.properties.isUppercase
            if isCapital, index > 0 {
                let followed = index + 1 < letters.count && letters[index + 1].properties.isLowercase
                if followed || letters[index - 1].properties.isLowercase { result += "_" }
            }
            result += letter.properties.lowercaseMapping
        }
        return result
    }
}
