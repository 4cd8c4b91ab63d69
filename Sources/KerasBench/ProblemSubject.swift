import KerasModel
import KerasRuntime
import Tensors

/// What is timed, and can be asked what it gives.
protocol Subject {
    mutating func run() throws
    func predict(_ input: Tensor) throws -> Tensor
}

/// A problem as a graph of primitives, run on the same random numbers again and again.
struct ProblemSubject: Subject {
    let problem: Problem
    let flops: Double
    /// What must be moved at least: inputs, constants and outputs once.
    let bytes: Double
    private let predictor: Predictor
    private let inputs: [Tensor]
    private var outputs: [Tensor]

    init(_ problem: Problem, options: RuntimeOptions) throws {
        self.problem = problem
        let graph = try problem.graph(samples: problem.samples, dtype: .float32)
        (flops, bytes) = (graph.flops, graph.bytes)
        inputs = try problem.inputs(samples: problem.samples, dtype: .float32)
        predictor = Predictor(weights: [:], options: options) { try problem.graph(samples: $0[0][0], dtype: .float32) }
        outputs = try predictor.predict(inputs)
    }

    mutating func run() throws { try predictor.predict(inputs, into: &outputs) }

    func predict(_ input: Tensor) throws -> Tensor { try predictor.predict([input])[0] }

    /// How far the first samples are from the plain kernels in float64: the largest difference, and all of it against all of the values.
    func error() throws -> (largest: Double, relative: Double) {
        let few = max(min(problem.samples, Int(3e8 / (flops / Double(problem.samples)))), 1)
        let plain = try Executable(
            graph: try problem.graph(samples: few, dtype: .float64), weights: { _ in throw KerasError(.mismatch, "no weights") },
            options: RuntimeOptions(threads: 1, isa: "generic", reference: true))
        let truth = try plain.run(try problem.inputs(samples: few, dtype: .float64))[0].scalars(as: Double.self)
        var (largest, squares, size) = (0.0, 0.0, 0.0)
        for (found, exact) in zip(try outputs[0].scalars(as: Double.self), truth) where !exact.isNaN {
            largest = max(largest, abs(found - exact))
            squares += (found - exact) * (found - exact)
            size += exact * exact
        }
        return (largest, size > 0 ? (squares / size).squareRoot() : squares.squareRoot())
    }
}

extension Problem {
    /// Images or rows that a batch can be cut into. What works number by number, or row by row, is one sample: a model's whole tensor.
    var samples: Int {
        switch family {
        case .conv2d, .depthwise, .transposed, .dense, .maxpool, .avgpool, .transpose: self["n"]
        case .unary, .binary, .reduce, .softmax, .logsoftmax, .sparsemax, .gather, .model: 1
        }
    }

    /// The shapes of what changes from call to call.
    private func inputShapes(_ samples: Int) -> [Shape] {
        switch family {
        case .conv2d, .depthwise, .transposed, .maxpool, .avgpool, .transpose: [[samples, self["h"], self["w"], self["c"]]]
        case .dense: [[samples, self["c"]]]
        case .unary: [[1, self["n"]]]
        case .binary: [[1, self["n"]], [1, self["n"]]]
        case .reduce, .softmax, .logsoftmax, .sparsemax: [[1, self["n"], self["c"]]]
        case .gather: [[1, self["n"]]]
        case .model: []
        }
    }

    func inputs(samples: Int, dtype: DType) throws -> [Tensor] {
        try inputShapes(samples).enumerated().map { index, shape in
            if family == .gather {
                var chance = Chance(seed: 1)
                return try Tensor((0..<shape.count).map { _ in Int32(chance.next() % UInt64(self["k"])) }, shape: shape)
            }
            // Positive where a function asks for it: logarithms, roots, powers.
            let isPositive = ["log", "log1p", "sqrt", "rsqrt", "power"].contains(kind)
            let range: ClosedRange<Float> = isPositive ? 0.1...4 : family == .unary || family == .binary ? -4...4 : -1...1
            return try Chance.numbers(shape, seed: UInt64(index) + 1, in: range).converted(to: dtype)
        }
    }

    func graph(samples: Int, dtype: DType) throws -> OpGraph {
        var graph = OpGraph()
        let operands = inputShapes(samples).map { graph.input(shape: $0, dtype: family == .gather ? .int32 : dtype) }
        guard let x = operands.first else { throw KerasError(.usage, "a model is no single primitive", at: Place(object: text)) }
        func constant(_ shape: Shape, seed: UInt64) throws -> Value {
            graph.constant(try Chance.numbers(shape, seed: seed, in: -0.5...0.5).converted(to: dtype))
        }
        func emit(_ op: Op, _ operands: Value...) throws -> Value { try graph.emit(op, operands, layer: family.rawValue) }
        let window = [self["r"], self["s"]]
        let strides = [stride, stride]
        var y: Value
        switch family {
        case .conv2d, .depthwise:
            let filters = family == .depthwise ? self["c"] * self["k"] : self["k"]
            let kernel = try constant(Shape(window + [self["c"] / groups, filters]), seed: 11)
            let op = Op.convolution(
                Convolution(strides: strides, dilation: [dilation, dilation], padding: padding(of: x.shape), groups: groups))
            y = try emit(op, x, kernel, try constant([filters], seed: 12))
        case .transposed:
            // Keras's lengths: stride times the input's, with valid padding what the window sticks out beyond that.
            let beyond = window.map { max($0 - stride, 0) }
            let output = (0..<2).map { x.shape[$0 + 1] * stride + (has(.same) ? 0 : beyond[$0]) }
            let op = Op.transposedConvolution(
                TransposedConvolution(
                    strides: strides, dilation: [1, 1], offset: has(.same) ? beyond.map { $0 / 2 } : [0, 0], output: output))
            y = try emit(op, x, try constant(Shape(window + [self["k"], self["c"]]), seed: 11), try constant([self["k"]], seed: 12))
        case .dense: y = try emit(.matrixMultiply, x, try constant([self["c"], self["k"]], seed: 11), try constant([self["k"]], seed: 12))
        case .maxpool, .avgpool:
            let pool = Pool(family == .maxpool ? .max : .average, window: window, strides: strides, padding: padding(of: x.shape))
            y = try emit(.pool(pool), x)
        case .unary: y = try emit(.unary(try named(KernelPrimitives.unary)), x)
        case .binary: y = try emit(.binary(try named(KernelPrimitives.binary)), x, operands[1])
        case .reduce: y = try emit(.reduce(try named(KernelPrimitives.reduce), axes: [has(.columns) ? 1 : 2], keepDims: false), x)
        case .softmax: y = try emit(.softmax(axis: 2), x)
        case .logsoftmax: y = try emit(.logSoftmax(axis: 2), x)
        case .sparsemax: y = try emit(.sparsemax, x)
        case .transpose: y = try emit(.transpose([0, 3, 1, 2]), x)
        case .gather: y = try emit(.gather, try constant([self["k"], self["c"]], seed: 11), x)
        case .model: y = x
        }
        if has(.relu) { y = try emit(.unary(.relu()), y) }
        if has(.pool) { y = try emit(.pool(Pool(.max, window: [2, 2], strides: [2, 2], padding: [.none, .none])), y) }
        graph.outputs = [y.id]
        return graph
    }

    private func named<P>(_ list: [(name: String, primitive: P)]) throws -> P {
        guard let found = list.first(where: { $0.name == kind }) else {
            throw KerasError(.usage, "there is no such kind", at: Place(object: text), found: kind)
        }
        return found.primitive
    }

    /// Keras's: where it does not come out even, the odd cell is last.
    private func padding(of x: Shape) -> [Edges] {
        [("r" as Character, 1), ("s", 2)].map { length, axis in
            guard has(.same) else { return .none }
            let extent = (self[length] - 1) * dilation + 1
            let total = max(((x[axis] + stride - 1) / stride - 1) * stride + extent - x[axis], 0)
            return Edges(total / 2, total - total / 2)
        }
    }
}

extension OpGraph {
    /// Multiplications and additions; a function counts as one.
    fileprivate var flops: Double {
        nodes.reduce(0) { sum, node in
            let output = Double(values[node.output].shape.count)
            switch node.op {
            case .convolution, .matrixMultiply:
                let kernel = values[node.inputs[1]].shape
                return sum + 2 * output * Double(kernel.count / kernel[kernel.rank - 1])
            case .transposedConvolution:
                let kernel = values[node.inputs[1]].shape
                return sum + 2 * Double(values[node.inputs[0]].shape.count) * Double(kernel.count / kernel[kernel.rank - 1])
            case .pool(let pool): return sum + output * Double(pool.window.reduce(1, *))
            case .reduce, .softmax, .logSoftmax, .sparsemax: return sum + Double(values[node.inputs[0]].shape.count)
            default: return sum + output
            }
        }
    }

    fileprivate var bytes: Double {
        let ends = values.enumerated().filter { index, value in
            if case .node = value.source { outputs.contains(index) } else { true }
        }
        return ends.reduce(0) { $0 + Double($1.element.shape.count * 4) }
    }
}
