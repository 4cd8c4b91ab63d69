import KerasModel
import Tensors

/// A graph on its way to a plan: what the passes change.
struct Draft {
    typealias ValueID = OpGraph.ValueID

    struct Value {
        var shape: Shape
        var dtype: DType
        /// Its place among the graph's inputs.
        var input: Int?
        /// Set if it hangs on weights and constants alone.
        var constant: ConstantID?
    }

    struct Node {
        var op: Op
        /// The operands of `op`, then what the epilogue adds.
        var inputs: [ValueID]
        var output: ValueID
        /// What a scan gives besides.
        var further: [ValueID] = []
        var layer: String
        var epilogue = Epilogue()
        /// A matrix product that reads its second operand, of rank 2, with the axes exchanged.
        var readsTransposed = false
        /// What makes the first operand from ``inputs``' first, a few lines at a time.
        var depthwise: Depthwise?
        /// A loop's product that makes its first operand from ``inputs``' first, a step at a time: the kernel, and the bias if there is one.
        var projection: [ValueID] = []
        /// A loop that the one after it may run beside.
        var pairsWithNext = false

        struct Depthwise {
            var convolution: Convolution
            /// The kernel, and the bias if there is one.
            var constants: [ValueID]
            var epilogue: Epilogue
        }

        var outputs: [ValueID] { further.isEmpty ? [output] : [output] + further }
        /// What the epilogue adds to the primitive's results.
        var addend: ValueID? { epilogue.hasAddend ? inputs.last : nil }
        /// The operands of the primitive itself.
        var operands: ArraySlice<ValueID> { epilogue.hasAddend ? inputs.dropLast() : inputs[...] }
        /// A product's bias.
        var bias: ValueID? { operands.count > 2 ? inputs[2] : nil }
    }

    var values: [Value]
    var nodes: [Node]
    var inputs: [ValueID]
    var outputs: [ValueID]

    /// - Throws: what `weights` throws, and a `mismatch` problem if a weight has not the shape the graph expects.
    init(_ graph: OpGraph, store: ConstantStore, weights: (WeightID) throws -> Tensor) throws {
        values = try graph.values.map { info in
            var value = Value(shape: info.shape, dtype: info.dtype)
            switch info.source {
            case .input(let index): value.input = index
            case .weight(let id): value.constant = try store.intern(weight: id, shape: info.shape, dtype: info.dtype, weights)
            case .constant(let tensor): value.constant = try store.intern(tensor)
            case .node: break
            }
            return value
        }
        nodes = graph.nodes.map { node in
            // What stops a gradient has done so by now.
            let op = node.op == .stopGradient ? .reshape(graph.values[node.output].shape) : node.op
            return Node(op: op, inputs: node.inputs, output: node.output, further: node.further, layer: node.layer)
        }
        inputs = graph.inputs
        outputs = graph.outputs
        computeIntegersAsReals()
    }

    /// The kernels know real numbers only; arithmetic on integers goes through float64, which holds every int32 exactly.
    private mutating func computeIntegersAsReals() {
        guard nodes.contains(where: { $0.op.computes && values[$0.output].dtype.isStoredAsInteger }) else { return }
        var rewritten: [Node] = []
        for var node in nodes {
            guard node.op.computes, values[node.output].dtype.isStoredAsInteger else {
                rewritten.append(node)
                continue
            }
            node.inputs = node.inputs.map { input in
                guard values[input].dtype.isStoredAsInteger else { return input }
                let real = add(values[input].shape, .float64)
                rewritten.append(Node(op: .cast(.float64), inputs: [input], output: real, layer: node.layer))
                return real
            }
            let (output, dtype) = (node.output, values[node.output].dtype)
            node.output = add(values[output].shape, .float64)
            rewritten.append(node)
            rewritten.append(Node(op: .cast(dtype), inputs: [node.output], output: output, layer: node.layer))
        }
        nodes = rewritten
    }

    mutating func add(_ shape: Shape, _ dtype: DType, constant: ConstantID? = nil) -> ValueID {
        values.append(Value(shape: shape, dtype: dtype, constant: constant))
        return values.count - 1
    }

    /// How often each value is read, an output counting as a reading.
    func useCounts() -> [Int] {
        var counts = [Int](repeating: 0, count: values.count)
        for node in nodes { for input in node.inputs { counts[input] += 1 } }
        for output in outputs { counts[output] += 1 }
        return counts
    }

    /// Which node gives each value.
    func producers() -> [ValueID: Int] {
        Dictionary(uniqueKeysWithValues: nodes.indices.flatMap { index in nodes[index].outputs.map { ($0, index) } })
    }

    /// Removes nodes whose results nobody reads.
    mutating func removeDeadNodes() {
        var needed = Set(outputs)
        var kept: [Node] = []
        for node in nodes.reversed() where node.outputs.contains(where: needed.contains) {
            needed.formUnion(node.inputs)
            kept.append(node)
        }
        nodes = kept.reversed()
    }

    /// True if any value needs double precision, or one in the body of a loop.
    var needsDouble: Bool {
        values.contains { $0.dtype == .float64 }
            || nodes.contains { node in
                guard case .scan(let scan) = node.op else { return false }
                return (try? Draft(scan.graph, store: ConstantStore(), weights: { _ in throw KerasError(.mismatch, "no weights") }))?
                    .needsDouble ?? false
            }
    }
}

/// What happens to a primitive's results before they are stored for the next one: the addend is added, then comes the clamp, then the
/// functions in order, then the pooling. Which primitives take what: `Epilogues.swift`.
struct Epilogue: Hashable, Sendable {
    /// The node's last input is added, element by element.
    var hasAddend = false
    var low = -Double.infinity
    var high = Double.infinity
    var functions: [Unary] = []
    /// Of each 2 × 2 cells the largest is kept; odd cells at the end are dropped.
    var pools = false

    var isEmpty: Bool { self == Epilogue() }

    func clamp<T: ComputeScalar>(as type: T.Type) -> Clamp<T> { Clamp(low: T(low), high: T(high)) }
}

extension DType {
    /// Integers and truth values are held as int32, everything else as the plan's scalar.
    var isStoredAsInteger: Bool { isInteger || self == .bool }
    /// Held as Float and rounded after each primitive.
    var isHalf: Bool { self == .float16 || self == .bfloat16 }
}

extension Op {
    /// True for primitives that compute numbers, false for those that only move or convert them.
    var computes: Bool {
        switch self {
        case .convolution, .transposedConvolution, .matrixMultiply, .pool, .unary, .binary, .reduce, .softmax, .logSoftmax, .sparsemax,
            .random, .convolutionKernelGradient, .poolGradient, .scatterAdd, .sparsemaxGradient, .pickGradient:
            true
        case .reshape, .transpose, .reverse, .pad, .slice, .concatenate, .gather, .repeatElements, .broadcast, .cast, .order, .pick,
            .stopGradient:
            false
        // Its body says it of its own.
        case .scan: false
        }
    }
}
