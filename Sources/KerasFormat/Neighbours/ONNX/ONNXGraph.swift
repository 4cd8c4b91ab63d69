import Storage
import Tensors

/// An ONNX graph while it is written: nodes in an order in which they can be run, and arrays with names. Field numbers: `onnx/onnx.proto`.
struct ONNXGraph {
    enum Attribute {
        case int(Int)
        case ints([Int])
        case float(Double)
        case string(String)
        case graph(ProtobufMessage)
    }

    /// A length of an input's or output's shape: a number, or the name of one that is open.
    enum Length {
        case fixed(Int)
        case named(String)
    }

    private var nodes: [ProtobufMessage] = []
    private var initializers: [ProtobufMessage] = []
    private var inputs: [ProtobufMessage] = []
    private var outputs: [ProtobufMessage] = []
    private var taken: Set<String> = []
    private var constants: [String: String] = [:]

    /// `name`, or with a number if that is taken.
    mutating func unique(_ name: String) -> String {
        var result = name
        var count = 0
        while !taken.insert(result).inserted { (count, result) = (count + 1, "\(name)_\(count + 1)") }
        return result
    }

    /// Adds a node; the names of its results.
    ///
    /// - Parameter layer: whose it is, for its name.
    mutating func node(
        _ type: String, _ inputs: [String], _ attributes: [(name: String, value: Attribute)] = [], layer: String, results: Int = 1,
        as output: String? = nil
    ) -> [String] {
        let name = unique(layer.isEmpty ? type : "\(layer)/\(type)")
        let names = output.map { [$0] } ?? (0..<results).map { unique(results == 1 ? "\(name):0" : "\(name):\($0)") }
        var node = ProtobufMessage()
        for input in inputs { node.add(1, input) }
        for output in names { node.add(2, output) }
        node.add(3, name)
        node.add(4, type)
        for attribute in attributes { node.add(5, ONNXGraph.message(attribute.name, attribute.value)) }
        nodes.append(node)
        return names
    }

    private static func message(_ name: String, _ value: Attribute) -> ProtobufMessage {
        var message = ProtobufMessage()
        message.add(1, name)
        switch value {
        case .float(let number):
            message.add(2, Float(number))
            message.add(20, 1)
        case .int(let number):
            message.add(3, number)
            message.add(20, 2)
        case .ints(let numbers):
            for number in numbers { message.add(8, number) }
            message.add(20, 7)
        case .string(let text):
            message.add(4, text)
            message.add(20, 3)
        case .graph(let graph):
            message.add(6, graph)
            message.add(20, 5)
        }
        return message
    }

    /// Adds an array under this name, or one with a number; its name.
    ///
    /// - Throws: `unsupported` for an element type that ONNX does not have.
    mutating func initializer(_ name: String, _ tensor: Tensor) throws -> String {
        let name = unique(name)
        var message = ProtobufMessage()
        for length in tensor.shape.dims { message.add(1, length) }
        message.add(2, try ONNXGraph.elementType(tensor.dtype))
        message.add(8, name)
        message.add(9, elements: try tensor.contiguous())
        initializers.append(message)
        return name
    }

    /// One number, for all that need it.
    mutating func scalar(_ value: Double, _ dtype: DType) throws -> String {
        try constant("\(dtype) \(value)") { try Tensor([value], shape: Shape([])).converted(to: dtype) }
    }

    /// A list of whole numbers, as shapes and axes are given.
    mutating func list(_ values: [Int]) throws -> String { try constant("\(values)") { try Tensor(values.map(Int64.init)) } }

    private mutating func constant(_ key: String, _ make: () throws -> Tensor) throws -> String {
        if let known = constants[key] { return known }
        let name = try initializer("constant", try make())
        constants[key] = name
        return name
    }

    mutating func addInput(_ name: String, _ dtype: DType, _ shape: [Length]) throws {
        inputs.append(try ONNXGraph.valueInfo(name, dtype, shape))
    }

    mutating func addOutput(_ name: String, _ dtype: DType, _ shape: [Length]) throws {
        outputs.append(try ONNXGraph.valueInfo(name, dtype, shape))
    }

    private static func valueInfo(_ name: String, _ dtype: DType, _ lengths: [Length]) throws -> ProtobufMessage {
        var shape = ProtobufMessage()
        for length in lengths {
            var dimension = ProtobufMessage()
            switch length {
            case .fixed(let number): dimension.add(1, number)
            case .named(let name): dimension.add(2, name)
            }
            shape.add(1, dimension)
        }
        var tensor = ProtobufMessage()
        tensor.add(1, try elementType(dtype))
        tensor.add(2, shape)
        var type = ProtobufMessage()
        type.add(1, tensor)
        var info = ProtobufMessage()
        info.add(1, name)
        info.add(2, type)
        return info
    }

    /// `TensorProto.DataType`.
    static func elementType(_ dtype: DType) throws -> Int {
        switch dtype {
        case .float32: 1
        case .uint8: 2
        case .int8: 3
        case .uint16: 4
        case .int16: 5
        case .int32: 6
        case .int64: 7
        case .bool: 9
        case .float16: 10
        case .float64: 11
        case .uint32: 12
        case .uint64: 13
        case .complex64: 14
        case .complex128: 15
        case .bfloat16: 16
        default: throw KerasError(.unsupported, "ONNX has no such element type", found: "\(dtype)")
        }
    }

    /// A graph for what a node does over and over: it sees all names of this one, and its arrays stand here too.
    func inner() -> ONNXGraph {
        var inner = self
        (inner.nodes, inner.inputs, inner.outputs) = ([], [], [])
        return inner
    }

    /// The graph as a part of `outer`, which takes its arrays and leaves its names alone.
    func part(of outer: inout ONNXGraph, name: String) -> ProtobufMessage {
        (outer.initializers, outer.constants, outer.taken) = (initializers, constants, taken)
        return message(name: name, with: [])
    }

    private func message(name: String, with initializers: [ProtobufMessage]) -> ProtobufMessage {
        var graph = ProtobufMessage()
        for node in nodes { graph.add(1, node) }
        graph.add(2, name)
        for initializer in initializers { graph.add(5, initializer) }
        for input in inputs { graph.add(11, input) }
        for output in outputs { graph.add(12, output) }
        return graph
    }

    /// The whole file. Source: `ModelProto`.
    func model(name: String) -> ProtobufMessage {
        let graph = message(name: name, with: initializers)
        var opset = ProtobufMessage()
        opset.add(1, "")
        opset.add(2, ONNX.opset)
        var model = ProtobufMessage()
        model.add(1, ONNX.irVersion)
        model.add(2, "swift-keras")
        model.add(7, graph)
        model.add(8, opset)
        return model
    }
}
