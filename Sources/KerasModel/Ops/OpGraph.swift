import Tensors

/// A number-by-number program for one set of input shapes: what the layers of a model come to.
///
/// Values are numbered; each is an input, a weight, a constant, or what one node gives. Nodes stand in an order in which they can be run.
package struct OpGraph: Sendable {
    package typealias ValueID = Int

    package enum Source: Sendable {
        /// The position among the model's inputs.
        case input(Int)
        case weight(WeightID)
        case constant(Tensor)
        /// The position of the node among ``nodes``.
        case node(Int)
    }

    package struct ValueInfo: Sendable {
        package let shape: Shape
        package let dtype: DType
        package let source: Source
    }

    package struct Node: Sendable {
        package fileprivate(set) var op: Op
        package let inputs: [ValueID]
        package let output: ValueID
        /// What a scan gives besides.
        package fileprivate(set) var further: [ValueID] = []
        package var outputs: [ValueID] { further.isEmpty ? [output] : [output] + further }
        /// The layer it was lowered from, by its path of names: `encoder/conv2d_1`.
        package let layer: String
    }

    package private(set) var values: [ValueInfo] = []
    package private(set) var nodes: [Node] = []
    package private(set) var inputs: [ValueID] = []
    /// In the model's order.
    package var outputs: [ValueID] = []
    private var weights: [WeightID: ValueID] = [:]

    package init() {}

    package mutating func input(shape: Shape, dtype: DType) -> Value {
        let value = append(shape, dtype, .input(inputs.count))
        inputs.append(value.id)
        return value
    }

    package mutating func weight(_ id: WeightID, shape: Shape, dtype: DType) -> Value {
        if let known = weights[id] { return value(known) }
        let value = append(shape, dtype, .weight(id))
        weights[id] = value.id
        return value
    }

    package func value(_ id: ValueID) -> Value { Value(id: id, shape: values[id].shape, dtype: values[id].dtype) }

    package mutating func constant(_ tensor: Tensor) -> Value { append(tensor.shape, tensor.dtype, .constant(tensor)) }

    package mutating func emit(_ op: Op, _ operands: [Value], layer: String) throws -> Value {
        try emitAll(op, operands, layer: layer)[0]
    }

    /// Every result: a scan has several.
    package mutating func emitAll(_ op: Op, _ operands: [Value], layer: String) throws -> [Value] {
        let results = try op.results(of: operands).map { append($0.shape, $0.dtype, .node(nodes.count)) }
        nodes.append(
            Node(op: op, inputs: operands.map(\.id), output: results[0].id, further: results.dropFirst().map(\.id), layer: layer))
        return results
    }

    /// Lets a scan keep more of each step: `scan` gives what it gave before, and then more.
    ///
    /// - Returns: what it gives besides.
    package mutating func extend(node index: Int, to scan: Scan) throws -> [Value] {
        let known = nodes[index].outputs.count
        let results = try Op.scan(scan).results(of: nodes[index].inputs.map(value))
        let more = results.dropFirst(known).map { append($0.shape, $0.dtype, .node(index)) }
        nodes[index].op = .scan(scan)
        nodes[index].further += more.map(\.id)
        return more
    }

    /// Makes inputs of those weights that change between runs, in the order given.
    ///
    /// - Returns: those of them that the graph has.
    package mutating func makeInputs(of wanted: [WeightID]) -> [WeightID] {
        wanted.filter { id in
            guard let value = weights[id] else { return false }
            values[value] = ValueInfo(shape: values[value].shape, dtype: values[value].dtype, source: .input(inputs.count))
            inputs.append(value)
            return true
        }
    }

    /// The value of a weight, if anything reads it.
    package func value(of weight: WeightID) -> ValueID? { weights[weight] }

    private mutating func append(_ shape: Shape, _ dtype: DType, _ source: Source) -> Value {
        values.append(ValueInfo(shape: shape, dtype: dtype, source: source))
        return Value(id: values.count - 1, shape: shape, dtype: dtype)
    }
}

/// A value of an op graph, seen by a layer while it is lowered.
public struct Value: Hashable, Sendable {
    package let id: Int
    public let shape: Shape
    public let dtype: DType
    public var rank: Int { shape.rank }
}

/// Which weight: the layer that owns it, and its place among that layer's own weights in creation order.
public struct WeightID: Hashable, Sendable {
    public let layer: LayerID
    public let index: Int
    public init(layer: LayerID, index: Int) {
        self.layer = layer
        self.index = index
    }
}
