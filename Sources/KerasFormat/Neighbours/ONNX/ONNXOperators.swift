// One file, a little over 300 lines: a primitive is a few lines here.

import KerasModel
import Tensors

/// Which operators each primitive is.
extension ONNXExporter {
    mutating func write(_ node: OpGraph.Node, _ index: Int) throws {
        let (x, layer) = (node.inputs[0], node.layer)
        switch node.op {
        case .convolution(let convolution): try write(convolution, node, index)
        case .transposedConvolution: try writeTransposed(node, index)
        case .pool(let pool): try write(pool, node, index)
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
        case .slice: try writeSlice(node, index)
        case .concatenate(let axis):
            let order = node.inputs.first { !isFixed($0) }.map { self.order($0) } ?? plainOrder(x)
            let operands = try node.inputs.map { try name(of: $0, order: order) }
            keep(
                node.output, file.node("Concat", operands, [("axis", .int(order.firstIndex(of: axis)!))], layer: layer)[0], order: order)
        case .gather:
            keep(node.output, file.node("Gather", [try name(of: x), try name(of: node.inputs[1])], [("axis", .int(0))], layer: layer)[0])
        case .order(let isDescending):
            guard case .fixed(let length)? = lengths[x].last else { throw refused("an order along an open length") }
            let largest = ("largest", ONNXGraph.Attribute.int(isDescending ? 1 : 0))
            let places = file.node("TopK", [try name(of: x), try file.list([length])], [largest], layer: layer, results: 2)[1]
            keep(node.output, file.node("Cast", [places], [("to", .int(try ONNXGraph.elementType(.int32)))], layer: layer)[0])
        case .pick:
            let operands = [try name(of: x), try name(of: node.inputs[1])]
            keep(node.output, file.node("GatherElements", operands, [("axis", .int(-1))], layer: layer)[0])
        case .stopGradient: keep(node.output, try current(x), order: order(x))
        case .repeatElements(let axis, let count):
            let places: String
            switch lengths[x][axis] {
            case .fixed(let length): places = try file.list((0..<length).flatMap { [Int](repeating: $0, count: count) })
            case .open: places = try writePlaces(lengths[node.output][axis], over: count, layer)
            }
            let own = order(x).firstIndex(of: axis)!
            keep(node.output, file.node("Gather", [try current(x), places], [("axis", .int(own))], layer: layer)[0], order: order(x))
        case .broadcast:
            // Where the operand has the length already, 1 leaves it.
            let own = [OpenGraph.Length](repeating: .fixed(1), count: rank(node.output) - rank(x)) + lengths[x]
            let target = try shapeList(zip(lengths[node.output], own).map { $0 == $1 ? OpenGraph.Length.fixed(1) : $0 }, layer: layer)
            keep(node.output, file.node("Expand", [try name(of: x), target], layer: layer)[0])
        case .random: throw refused("a random number")
        case .scan(let scan): try write(scan, node, index)
        case .reverse(let axes):
            let own = axes.map { order(x).firstIndex(of: $0)! }
            let each = { [Int](repeating: $0, count: axes.count) }
            let lists = try [each(-1), each(-Int(Int32.max)), own, each(-1)].map { try file.list($0) }
            keep(node.output, file.node("Slice", [try current(x)] + lists, layer: layer)[0], order: order(x))
        case .convolutionKernelGradient, .poolGradient, .scatterAdd, .sparsemaxGradient, .pickGradient: throw refused("a gradient")
        case .cast(let dtype):
            let to = try ONNXGraph.elementType(dtype)
            keep(node.output, file.node("Cast", [try current(x)], [("to", .int(to))], layer: layer)[0], order: order(x))
        }
    }

    func refused(_ what: String) -> KerasError { KerasError(.unsupported, "\(what) cannot be said in ONNX here") }

    /// `(n, c, s…)`, of `(n, s…, c)`.
    private func channelsFirst(_ id: ValueID) -> [Int] { [0, rank(id) - 1] + Array(1..<rank(id) - 1) }

    /// Zeros round windows: as many, or as `same` has them for whatever lengths come.
    private func pads(_ variants: [[Edges]], _ node: OpGraph.Node, strides: [Int], window: [Int]) throws -> (String, ONNXGraph.Attribute) {
        let edges = variants[0]
        if variants.allSatisfy({ $0 == edges }) { return ("pads", .ints(edges.map(\.before) + edges.map(\.after))) }
        for (variant, graph) in zip(variants, opened.variants) {
            let input = graph.values[node.inputs[0]].shape
            for axis in strides.indices {
                let steps = (input[axis + 1] + strides[axis] - 1) / strides[axis]
                let total = max((steps - 1) * strides[axis] + window[axis] - input[axis + 1], 0)
                guard variant[axis] == Edges(total / 2, total - total / 2) else {
                    throw refused("a padding that hangs on the length of its input")
                }
            }
        }
        return ("auto_pad", .string("SAME_UPPER"))
    }

    private mutating func write(_ convolution: Convolution, _ node: OpGraph.Node, _ index: Int) throws {
        let spatial = convolution.strides.count
        var operands = [
            try name(of: node.inputs[0], order: channelsFirst(node.inputs[0])),
            // (f, c / groups, k…)
            try name(of: node.inputs[1], order: [spatial + 1, spatial] + Array(0..<spatial)),
        ]
        if node.inputs.count > 2 { operands.append(try name(of: node.inputs[2])) }
        let variants = opened.ops(ofNode: index).compactMap { op in if case .convolution(let one) = op { one.padding } else { nil } }
        let kernel = graph.values[node.inputs[1]].shape
        let window = (0..<spatial).map { (kernel[$0] - 1) * convolution.dilation[$0] + 1 }
        let attributes: [(String, ONNXGraph.Attribute)] = [
            ("strides", .ints(convolution.strides)), ("dilations", .ints(convolution.dilation)),
            try pads(variants, node, strides: convolution.strides, window: window), ("group", .int(convolution.groups)),
        ]
        keep(node.output, file.node("Conv", operands, attributes, layer: node.layer)[0], order: channelsFirst(node.output))
    }

    private mutating func writeTransposed(_ node: OpGraph.Node, _ index: Int) throws {
        // How far the whole goes beyond what is wanted; where it falls short, zeros follow.
        let variants = zip(opened.variants, opened.ops(ofNode: index)).compactMap { graph, op -> (TransposedConvolution, [Int])? in
            guard case .transposedConvolution(let one) = op else { return nil }
            let (x, kernel) = (graph.values[node.inputs[0]].shape, graph.values[node.inputs[1]].shape)
            let beyond = one.strides.indices.map { axis in
                let full = (x[axis + 1] - 1) * one.strides[axis] + (kernel[axis] - 1) * one.dilation[axis] + 1
                return full - one.offset[axis] - one.output[axis]
            }
            return (one, beyond)
        }
        let (convolution, beyond) = variants[0]
        guard variants.allSatisfy({ $0.0.offset == convolution.offset && $0.1 == beyond }) else {
            throw refused("a padding that hangs on the length of its input")
        }
        let spatial = convolution.strides.count
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

    private mutating func write(_ pool: Pool, _ node: OpGraph.Node, _ index: Int) throws {
        let type =
            switch pool.kind {
            case .max: "MaxPool"
            case .average: "AveragePool"
            }
        let variants = opened.ops(ofNode: index).compactMap { op in if case .pool(let one) = op { one.padding } else { nil } }
        let attributes: [(String, ONNXGraph.Attribute)] = [
            ("kernel_shape", .ints(pool.window)), ("strides", .ints(pool.strides)),
            try pads(variants, node, strides: pool.strides, window: pool.window),
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
        let (x, target) = (lengths[node.inputs[0]], lengths[node.output])
        let isEmpty = target.contains(.fixed(0))
        // 0 takes a length over from the same place, and one may follow from the others: −1.
        let numbers = target.enumerated().map { axis, length -> Int? in
            if case .fixed(let number) = length { return number }
            return !isEmpty && x.indices.contains(axis) && x[axis] == length ? 0 : nil
        }
        let list: String
        if numbers.count(where: { $0 == nil }) < 2 {
            list = try file.list(numbers.map { $0 ?? -1 })
        } else {
            var rest = true
            let parts = try zip(numbers, target).map { number, length -> ListPart in
                if let number { return .number(number) }
                if case .open(let length) = length, let name = try name(ofLength: length, layer: node.layer) { return .array(name) }
                guard rest else { throw refused("a length that no array has") }
                rest = false
                return .number(-1)
            }
            list = try self.list(of: parts, node.layer)
        }
        let operands = [try name(of: node.inputs[0]), list]
        keep(node.output, file.node("Reshape", operands, isEmpty ? [("allowzero", .int(1))] : [], layer: node.layer)[0])
    }

    /// The places `0, …, 0, 1, …, 1, …`, each `count` times, as many as `length` says.
    private mutating func writePlaces(_ length: OpenGraph.Length, over count: Int, _ layer: String) throws -> String {
        let list = try shapeList([length], layer: layer)
        let end = file.node("Squeeze", [list, try file.list([0])], layer: layer)[0]
        let (zero, one) = (try file.scalar(0, .int64), try file.scalar(1, .int64))
        let range = file.node("Range", [zero, end, one], layer: layer)[0]
        return file.node("Div", [range, try file.scalar(Double(count), .int64)], layer: layer)[0]
    }

    /// A slice's ends count from the beginning where they are the same for all lengths, and from the end where they are so.
    private mutating func writeSlice(_ node: OpGraph.Node, _ index: Int) throws {
        let x = node.inputs[0]
        let variants = zip(opened.variants, opened.ops(ofNode: index)).compactMap {
            graph, op -> (starts: [Int], sizes: [Int], shape: Shape)? in
            if case .slice(let starts, let sizes) = op { (starts, sizes, graph.values[x].shape) } else { nil }
        }
        func isSame(_ number: ((starts: [Int], sizes: [Int], shape: Shape)) -> Int) -> Int? {
            let numbers = variants.map(number)
            return numbers.allSatisfy { $0 == numbers[0] } ? numbers[0] : nil
        }
        var (axes, starts, ends): ([Int], [Int], [ListPart]) = ([], [], [])
        for axis in lengths[x].indices {
            let fromEnd = isSame { $0.shape[axis] - $0.starts[axis] - $0.sizes[axis] }
            if isSame({ $0.starts[axis] }) == 0, fromEnd == 0 { continue }
            axes.append(order(x).firstIndex(of: axis)!)
            guard let start = isSame({ $0.starts[axis] }) ?? isSame({ $0.starts[axis] - $0.shape[axis] }) else {
                throw refused("a part that hangs on the length of its input")
            }
            starts.append(start)
            if let end = isSame({ $0.starts[axis] + $0.sizes[axis] }) {
                ends.append(.number(end))
            } else if let fromEnd {
                ends.append(.number(fromEnd == 0 ? Int(Int32.max) : -fromEnd))
            } else if let name = try name(ofLength: variants.map { $0.starts[axis] + $0.sizes[axis] }, layer: node.layer) {
                ends.append(.array(name))
            } else {
                throw refused("a part that hangs on the length of its input")
            }
        }
        guard !axes.isEmpty else {
            keep(node.output, try current(x), order: order(x))
            return
        }
        let operands = [try current(x), try file.list(starts), try list(of: ends, node.layer), try file.list(axes)]
        keep(node.output, file.node("Slice", operands, layer: node.layer)[0], order: order(x))
    }

    /// `max(x − τ, 0)` along the last axis, with Keras 3's τ: see ``Op/sparsemax``.
    private mutating func writeSparsemax(_ node: OpGraph.Node) throws -> String {
        let (id, layer) = (node.inputs[0], node.layer)
        guard case .fixed(let length)? = lengths[id].last else { throw refused("sparsemax over an open length") }
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
