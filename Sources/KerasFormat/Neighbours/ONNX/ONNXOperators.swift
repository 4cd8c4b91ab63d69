import KerasModel
import Tensors

/// Which operators each primitive is.
extension ONNXExporter {
    mutating func write(_ node: OpGraph.Node) throws {
        let (x, layer) = (node.inputs[0], node.layer)
        switch node.op {
        case .convolution(let convolution): try write(convolution, node)
        case .transposedConvolution(let convolution): try write(convolution, node)
        case .pool(let pool): try write(pool, node)
        case .matrixMultiply:
            var result = file.node("MatMul", [try name(of: x), try name(of: node.inputs[1])], layer: layer)[0]
            if node.inputs.count > 2 { result = file.node("Add", [result, try name(of: node.inputs[2])], layer: layer)[0] }
            keep(node.output, result)
        case .unary(let function):
            keep(node.output, try write(function, try current(x), dtype(x), layer), order: order(x))
        case .binary(let function): try write(function, node)
        case .reduce(let reduction, let axes, let keepDims): try write(reduction, axes, keepDims, node)
        case .softmax(let axis): try writeAlong(axis, "Softmax", node)
        case .logSoftmax(let axis): try writeAlong(axis, "LogSoftmax", node)
        case .sparsemax: keep(node.output, try writeSparsemax(node))
        case .reshape: try writeReshape(node)
        case .transpose(let axes):
            // Nothing moves: the same array, with other names for its axes.
            keep(node.output, try current(x), order: order(x).map { axis in axes.firstIndex(of: axis)! })
        case .pad(let edges, let value):
            let sorted = order(x).map { edges[$0] }
            let pads = try file.list(sorted.map(\.before) + sorted.map(\.after))
            keep(
                node.output, file.node("Pad", [try current(x), pads, try file.scalar(value, dtype(x))], layer: layer)[0], order: order(x))
        case .slice(let starts, _): try writeSlice(starts, node)
        case .concatenate(let axis):
            let order = node.inputs.first { !isFixed($0) }.map { self.order($0) } ?? plainOrder(x)
            let operands = try node.inputs.map { try name(of: $0, order: order) }
            keep(
                node.output, file.node("Concat", operands, [("axis", .int(order.firstIndex(of: axis)!))], layer: layer)[0], order: order)
        case .gather:
            keep(node.output, file.node("Gather", [try name(of: x), try name(of: node.inputs[1])], [("axis", .int(0))], layer: layer)[0])
        case .repeatElements(let axis, let count):
            guard case .fixed(let length) = lengths[x][axis] else { throw refused("repeating samples of the batch") }
            let places = try file.list((0..<length).flatMap { [Int](repeating: $0, count: count) })
            let own = order(x).firstIndex(of: axis)!
            keep(node.output, file.node("Gather", [try current(x), places], [("axis", .int(own))], layer: layer)[0], order: order(x))
        case .broadcast:
            let target = try shapeList(lengths[node.output], layer: layer)
            keep(node.output, file.node("Expand", [try name(of: x), target], layer: layer)[0])
        case .random: throw refused("a random number")
        case .scan: throw refused("a loop over steps")
        case .reverse: throw refused("a reversal")
        case .convolutionKernelGradient, .poolGradient, .scatterAdd, .sparsemaxGradient: throw refused("a gradient")
        case .cast(let dtype):
            let to = try ONNXGraph.elementType(dtype)
            keep(node.output, file.node("Cast", [try current(x)], [("to", .int(to))], layer: layer)[0], order: order(x))
        }
    }

    func refused(_ what: String) -> KerasError { KerasError(.unsupported, "\(what) cannot be said in ONNX here") }

    /// `(n, c, s…)`, of `(n, s…, c)`.
    private func channelsFirst(_ id: ValueID) -> [Int] { [0, rank(id) - 1] + Array(1..<rank(id) - 1) }

    private func pads(_ edges: [Edges]) -> ONNXGraph.Attribute { .ints(edges.map(\.before) + edges.map(\.after)) }

    private mutating func write(_ convolution: Convolution, _ node: OpGraph.Node) throws {
        let spatial = convolution.strides.count
        var operands = [
            try name(of: node.inputs[0], order: channelsFirst(node.inputs[0])),
            // (f, c / groups, k…)
            try name(of: node.inputs[1], order: [spatial + 1, spatial] + Array(0..<spatial)),
        ]
        if node.inputs.count > 2 { operands.append(try name(of: node.inputs[2])) }
        let attributes: [(String, ONNXGraph.Attribute)] = [
            ("strides", .ints(convolution.strides)), ("dilations", .ints(convolution.dilation)), ("pads", pads(convolution.padding)),
            ("group", .int(convolution.groups)),
        ]
        keep(node.output, file.node("Conv", operands, attributes, layer: node.layer)[0], order: channelsFirst(node.output))
    }

    private mutating func write(_ convolution: TransposedConvolution, _ node: OpGraph.Node) throws {
        let spatial = convolution.strides.count
        let (x, kernel) = (graph.values[node.inputs[0]].shape, graph.values[node.inputs[1]].shape)
        // How far the whole goes beyond what is wanted; where it falls short, zeros follow.
        let beyond = (0..<spatial).map { axis in
            let full = (x[axis + 1] - 1) * convolution.strides[axis] + (kernel[axis] - 1) * convolution.dilation[axis] + 1
            return full - convolution.offset[axis] - convolution.output[axis]
        }
        var operands = [
            try name(of: node.inputs[0], order: channelsFirst(node.inputs[0])),
            // (c, f, k…), f of one group
            try name(of: node.inputs[1], order: [spatial + 1, spatial] + Array(0..<spatial)),
        ]
        let isShort = beyond.contains { $0 < 0 }
        let bias = node.inputs.count > 2 ? node.inputs[2] : nil
        if let bias, !isShort { operands.append(try name(of: bias)) }
        let attributes: [(String, ONNXGraph.Attribute)] = [
            ("strides", .ints(convolution.strides)), ("dilations", .ints(convolution.dilation)),
            ("pads", .ints(convolution.offset + beyond.map { max($0, 0) })), ("group", .int(convolution.groups)),
        ]
        var result = file.node("ConvTranspose", operands, attributes, layer: node.layer)[0]
        if isShort {
            let pads = [Int](repeating: 0, count: spatial + 4) + beyond.map { max(-$0, 0) }
            let zero = try file.scalar(0, dtype(node.output))
            result = file.node("Pad", [result, try file.list(pads), zero], layer: node.layer)[0]
            if let bias {
                let full = try operand(bias, rank: spatial + 2, order: channelsFirst(node.output))
                result = file.node("Add", [result, full], layer: node.layer)[0]
            }
        }
        keep(node.output, result, order: channelsFirst(node.output))
    }

    /// Whether a value is another with cells put round it, in whatever order its axes are said to be.
    private func isPadded(_ id: ValueID) -> Bool {
        guard case .node(let index) = graph.values[id].source else { return false }
        switch graph.nodes[index].op {
        case .pad: return true
        case .transpose, .cast, .slice: return isPadded(graph.nodes[index].inputs[0])
        default: return false
        }
    }

    private mutating func write(_ pool: Pool, _ node: OpGraph.Node) throws {
        let type =
            switch pool.kind {
            case .max: "MaxPool"
            case .average: "AveragePool"
            }
        let attributes: [(String, ONNXGraph.Attribute)] = [
            ("kernel_shape", .ints(pool.window)), ("strides", .ints(pool.strides)), ("pads", pads(pool.padding)),
        ]
        let x = try name(of: node.inputs[0], order: channelsFirst(node.inputs[0]))
        // ONNX Runtime makes one step of a padding and the pooling after it. Its maximum then passes over the padding's zeros, unless the places
        // of the maxima are asked for too (seen in 1.31; `PadFusion`).
        let results = pool.kind == .max && isPadded(node.inputs[0]) ? 2 : 1
        keep(
            node.output, file.node(type, [x], attributes, layer: node.layer, results: results)[0], order: channelsFirst(node.output))
    }

    private mutating func writeAlong(_ axis: Int, _ type: String, _ node: OpGraph.Node) throws {
        let x = node.inputs[0]
        let own = order(x).firstIndex(of: axis)!
        keep(node.output, file.node(type, [try current(x)], [("axis", .int(own))], layer: node.layer)[0], order: order(x))
    }

    private mutating func write(_ reduction: Reduction, _ axes: [Int], _ keepDims: Bool, _ node: OpGraph.Node) throws {
        let x = node.inputs[0]
        let (value, old) = (try current(x), order(x))
        guard !axes.isEmpty else {
            let result = reduction == .sumOfSquares ? file.node("Mul", [value, value], layer: node.layer)[0] : value
            keep(node.output, result, order: old)
            return
        }
        let type =
            switch reduction {
            case .sum: "ReduceSum"
            case .mean: "ReduceMean"
            case .max: "ReduceMax"
            case .min: "ReduceMin"
            case .product: "ReduceProd"
            case .sumOfSquares: "ReduceSumSquare"
            }
        let own = axes.map { old.firstIndex(of: $0)! }.sorted()
        let result = file.node(type, [value, try file.list(own)], [("keepdims", .int(keepDims ? 1 : 0))], layer: node.layer)[0]
        let left = old.filter { !axes.contains($0) }
        keep(node.output, result, order: keepDims ? old : left.map { axis in left.filter { $0 < axis }.count })
    }

    private mutating func writeReshape(_ node: OpGraph.Node) throws {
        let target = lengths[node.output]
        let open = target.filter { if case .batch = $0 { true } else { false } }
        var list = try open.count > 1 ? shapeList(target, layer: node.layer) : ""
        if list.isEmpty {
            // The one length that hangs on the batch follows from the others.
            list = try file.list(target.map { length in if case .fixed(let number) = length { number } else { -1 } })
        }
        let isEmpty = target.contains(.fixed(0))
        let operands = [try name(of: node.inputs[0]), list]
        keep(node.output, file.node("Reshape", operands, isEmpty ? [("allowzero", .int(1))] : [], layer: node.layer)[0])
    }

    private mutating func writeSlice(_ starts: [Int], _ node: OpGraph.Node) throws {
        let (x, target) = (node.inputs[0], lengths[node.output])
        let axes = try lengths[x].indices.filter { axis in
            if starts[axis] == 0, target[axis] == lengths[x][axis] { return false }
            guard case .fixed = target[axis] else { throw refused("taking some samples of the batch") }
            return true
        }
        guard !axes.isEmpty else {
            keep(node.output, try current(x), order: order(x))
            return
        }
        let ends = axes.map { axis in if case .fixed(let size) = target[axis] { starts[axis] + size } else { starts[axis] } }
        let lists = [axes.map { starts[$0] }, ends, axes.map { order(x).firstIndex(of: $0)! }]
        keep(
            node.output, file.node("Slice", [try current(x)] + (try lists.map { try file.list($0) }), layer: node.layer)[0],
            order: order(x))
    }

    /// `max(x − τ, 0)` along the last axis, with Keras 3's τ: see ``Op/sparsemax``.
    private mutating func writeSparsemax(_ node: OpGraph.Node) throws -> String {
        let (id, layer) = (node.inputs[0], node.layer)
        guard case .fixed(let length)? = lengths[id].last else { throw refused("sparsemax over the batch") }
        let (x, type) = (try name(of: id), dtype(id))
        let (zero, one, last) = (try file.scalar(0, type), try file.scalar(1, type), try file.list([-1]))
        let sorted = file.node("TopK", [x, try file.list([length])], layer: layer, results: 2)[0]
        let axis = try file.initializer("axis", try Tensor([Int64(-1)], shape: Shape([])))
        let sums = file.node("CumSum", [sorted, axis], layer: layer)[0]
        let counts = try file.initializer("counts", try Tensor((0..<length).map { Double($0 + 1) }).converted(to: type))
        let rest = file.node("Sub", [sums, one], layer: layer)[0]
        let means = file.node("Div", [rest, counts], layer: layer)[0]
        let isSupported = file.node("Greater", [sorted, means], layer: layer)[0]
        let to = try ONNXGraph.elementType(type)
        let support = file.node("Cast", [isSupported], [("to", .int(to))], layer: layer)[0]
        let size = file.node("ReduceSum", [support, last], [("keepdims", .int(1))], layer: layer)[0]
        let kept = file.node("Where", [isSupported, sums, zero], layer: layer)[0]
        let sum = file.node("ReduceSum", [kept, last], [("keepdims", .int(1))], layer: layer)[0]
        let threshold = file.node("Div", [file.node("Sub", [sum, one], layer: layer)[0], size], layer: layer)[0]
        return file.node("Max", [file.node("Sub", [x, threshold], layer: layer)[0], zero], layer: layer)[0]
    }
}
