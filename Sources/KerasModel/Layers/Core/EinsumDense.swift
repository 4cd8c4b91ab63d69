import JSON
import Tensors

/// `y = activation(einsum(equation, x, kernel) + bias)`: `abc,cd->abd` is a Dense, `...x,xy->...y` one of any number of axes.
public struct EinsumDense: Layer {
    public static let className = "EinsumDense"
    public static var blank: EinsumDense { EinsumDense("", outputShape: []) }
    public static let dialects: Set<Dialect> = [.tfKeras, .keras3]
    public static let keys: [ConfigKey<EinsumDense>] =
        [
            .required("output_shape", \.sizes),
            .required("equation", \.equation),
            .key("activation", \.activation),
            .key("bias_axes", \.biasAxes),
            .key("kernel_initializer", \.kernelInitializer),
            .key("bias_initializer", \.biasInitializer),
            .key("kernel_regularizer", \.kernelRegularizer),
            .key("bias_regularizer", \.biasRegularizer),
            .key("activity_regularizer", \.activityRegularizer),
            .key("kernel_constraint", \.kernelConstraint),
            .key("bias_constraint", \.biasConstraint),
            .key("quantization_config", \.quantizationConfig, in: [.keras3]),
        ] + Adapter.keys(at: \.adapter)

    public var base = LayerBase()
    public var equation: String
    /// The output's lengths without the batch; nil is the input's. Those that an ellipsis stands for are not among them.
    public var outputShape: [Int?]
    /// True within a layer that knows what it gives without it.
    var isPart = false
    public var activation = ActivationFunction.linear
    /// The letters of the output along which the bias goes; nil for none.
    public var biasAxes: String?
    public var kernelInitializer = Initializer.glorotUniform
    public var biasInitializer = Initializer.zeros
    public var kernelRegularizer: Regularizer?
    public var biasRegularizer: Regularizer?
    public var activityRegularizer: Regularizer?
    public var kernelConstraint: Constraint?
    public var biasConstraint: Constraint?
    var quantizationConfig: JSON?
    var adapter = Adapter()

    public init(
        _ equation: String, outputShape: [Int?], activation: ActivationFunction = .linear, biasAxes: String? = nil, name: String? = nil
    ) {
        self.equation = equation
        self.outputShape = outputShape
        self.activation = activation
        self.biasAxes = biasAxes
        base.name = name
    }

    public func weights(_ inputs: [SymbolicShape]) throws -> [WeightSpec] {
        let plan = try plan(inputs)
        let kernel = try plan.kernel.map { letter -> Int in
            guard let size = plan.sizes[letter] ?? nil else { throw malformed("a kernel's length is not known") }
            return size
        }
        let spec = try WeightSpec("kernel", kernel, kernelInitializer, regularizer: kernelRegularizer, constraint: kernelConstraint)
        var specs = [adapter.adapted(spec)]
        if base.dtype.isInt8 {
            // A scale for each place of the output that the kernel knows.
            let scale = plan.output.map { plan.kernel.contains($0) ? (plan.sizes[$0] ?? nil) ?? 1 : 1 }
            specs = try Int8.kernel("kernel", kernel, scale: scale)
        }
        if let biasAxes {
            guard let first = plan.written.firstIndex(where: biasAxes.contains), biasAxes.allSatisfy(plan.written.contains) else {
                throw malformed("a bias lies along axes that the output has not")
            }
            let shape = try plan.written[first...].map { letter -> Int in
                guard biasAxes.contains(letter) else { return 1 }
                guard let size = plan.sizes[letter] ?? nil else { throw malformed("a bias's length is not known") }
                return size
            }
            let elided = Array(repeating: 1, count: plan.elidedRight)
            specs.append(
                try WeightSpec("bias", shape + elided, biasInitializer, regularizer: biasRegularizer, constraint: biasConstraint))
        }
        return base.dtype.isInt8 ? specs : specs + (try adapter.weights(of: spec))
    }

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let plan = try plan(inputs)
        // Of the lengths that letters stand for Keras 3 knows those that it is told.
        let told = base.dialect == .keras3 && !isPart ? outputShape[...] : []
        let first = plan.elidedLeft > 0 ? plan.elidedLeft : 1
        let dims = plan.output.enumerated().map { place, letter in
            told.indices.contains(place - first) ? told[place - first] : plan.sizes[letter] ?? nil
        }
        return [activation.outputShape(SymbolicShape(dims))]
    }

    /// Keras 3 leaves a length open that is not told, and what comes after may want it.
    public func check(outputs: [SymbolicShape], for context: EncodingContext) throws {
        guard context.readers.contains(.keras3), base.dialect != .keras3, let output = outputs.first,
            zip(outputShape.reversed(), output.dims.reversed()).contains(where: { $0 == nil && $1 != nil })
        else { return }
        throw KerasError(
            .unsupported, "Keras 3 takes a length that is not told for unknown", at: Place(layer: name, key: "output_shape"),
            found: "\(sizes.serialized()) for \(output)")
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let plan = try plan(inputs.map { SymbolicShape($0.shape) })
        let x = try call.cast(inputs[0], call.computeType)
        var y: Value
        if base.dtype.isInt8 {
            let reduced = plan.input.indices.filter { !plan.output.contains(plan.input[$0]) }
            let kept = plan.input.filter(plan.output.contains)
            y = try Int8.product(x, axes: reduced, quantizationConfig, call) { x in
                try call.einsum(x, plan.input, try call.weight("kernel"), plan.kernel, to: plan.output)
            } aligned: { scale in
                let flat = try call.reshape(scale, plan.input.indices.filter { !reduced.contains($0) }.map { scale.shape[$0] })
                let ordered = try call.transpose(flat, plan.output.compactMap(kept.firstIndex))
                return try call.reshape(
                    ordered, plan.output.map { letter in plan.input.firstIndex(of: letter).map { scale.shape[$0] } ?? 1 })
            }
        } else {
            y = try call.einsum(x, plan.input, try adapter.weight("kernel", call), plan.kernel, to: plan.output)
        }
        if biasAxes != nil {
            let bias = try call.weight("bias")
            y = try call.emit(.binary(.add), y, try call.reshape(bias, biasShape(bias.shape, SymbolicShape(y.shape))))
        }
        return [try activation.lower(y, call)]
    }

    /// The bias as it is added. TensorFlow guesses where one that is a vector goes: along the last axis if it is as long, else along the second
    /// (``LayerBase/addsBiasAsTensorFlow``).
    private func biasShape(_ bias: Shape, _ output: SymbolicShape) -> [Int] {
        let lengths = bias.dims.filter { $0 > 1 }
        guard base.addsBiasAsTensorFlow, lengths.count == 1, output.rank > 1 else { return bias.dims }
        if output.last == lengths[0] { return lengths }
        return output.dims[1] == lengths[0] ? lengths + Array(repeating: 1, count: output.rank - 2) : bias.dims
    }

    // MARK: The equation

    /// The axes by letters; those that an ellipsis stands for have digits.
    private struct Plan {
        var input: [Character]
        var kernel: [Character]
        var output: [Character]
        /// The output as it is written, without the ellipsis.
        var written: [Character]
        /// How many axes an ellipsis stands for, at either side.
        var elidedLeft: Int
        var elidedRight: Int
        var sizes: [Character: Int?]
    }

    private var sizes: JSON {
        get { .array(outputShape.map { $0.map(JSON.integer) ?? .null }) }
        set {
            if let size = newValue.integer {
                outputShape = [size]
            } else {
                outputShape = (newValue.array ?? newValue["items"]?.array ?? []).map(\.integer)
            }
        }
    }

    private func malformed(_ sentence: String) -> KerasError {
        KerasError(.malformed, sentence, at: Place(key: "equation"), found: "'\(equation)'", expected: "such as 'abc,cd->abd'")
    }

    private func plan(_ inputs: [SymbolicShape]) throws -> Plan {
        let shape = try onlyInput(inputs, ofRankAtLeast: 1)
        let sides = equation.split(separator: ">", omittingEmptySubsequences: false)
        guard sides.count == 2, sides[0].hasSuffix("-") else { throw malformed("an equation is not what it must be") }
        let operands = sides[0].dropLast().split(separator: ",", omittingEmptySubsequences: false)
        guard operands.count == 2 else { throw malformed("an equation is not what it must be") }
        var (input, output) = (Substring(operands[0]), Substring(sides[1]))
        let kernel = Array(operands[1])
        let isLeft = input.hasPrefix("...") && output.hasPrefix("...")
        let isRight = !isLeft && input.hasSuffix("...") && output.hasSuffix("...")
        if isLeft {
            input.removeFirst(3)
            output.removeFirst(3)
        } else if isRight {
            input.removeLast(3)
            output.removeLast(3)
        }
        let letters = [Array(input), kernel, Array(output)]
        guard letters.allSatisfy({ side in side.allSatisfy { $0.isASCII && $0.isLetter } && Set(side).count == side.count }),
            letters.allSatisfy({ !$0.isEmpty })
        else { throw malformed("an equation is not what it must be") }
        let elided = shape.rank - input.count
        guard elided == 0 || elided > 0 && elided <= 10 && (isLeft || isRight) else {
            throw KerasError(.mismatch, "an equation does not fit its input", found: "\(shape)", expected: "'\(equation)'")
        }
        let digits: [Character] = Array("0123456789".prefix(elided))
        let inputLetters = isLeft ? digits + letters[0] : letters[0] + digits
        let outputLetters = isLeft ? digits + letters[2] : letters[2] + digits
        var sizes: [Character: Int?] = [:]
        for (letter, size) in zip(inputLetters, shape.dims) { sizes[letter] = .some(size) }
        // The lengths told are those of the letters; the first axis, or what is elided, is the input's.
        let told = isLeft && elided > 0 ? letters[2][...] : letters[2].dropFirst()
        guard told.count == outputShape.count else {
            throw KerasError(
                .mismatch, "an equation does not fit its output", at: Place(key: "output_shape"), found: "\(outputShape.count) lengths",
                expected: "\(told.count) for '\(equation)'")
        }
        for (letter, size) in zip(told, outputShape) {
            guard inputLetters.contains(letter) || kernel.contains(letter) else { throw malformed("a letter comes from no operand") }
            if let known = sizes[letter] ?? nil, let size, known != size {
                throw KerasError(
                    .mismatch, "an equation does not fit its output", at: Place(key: "output_shape"), found: "\(size) along '\(letter)'",
                    expected: "\(known)")
            }
            if (sizes[letter] ?? nil) == nil { sizes[letter] = .some(size) }
        }
        guard kernel.allSatisfy({ sizes[$0] != nil }), outputLetters.allSatisfy({ sizes[$0] != nil }) else {
            throw malformed("a letter has no length")
        }
        return Plan(
            input: inputLetters, kernel: kernel, output: outputLetters, written: letters[2], elidedLeft: isLeft ? elided : 0,
            elidedRight: isRight ? elided : 0, sizes: sizes
        )
    }
}

extension LayerCall {
    /// The sum of products over the axes that the result has not: each operand's axes are named by letters.
    ///
    /// - Throws: `mismatch` if operands do not fit together.
    func einsum(_ a: Value, _ aAxes: [Character], _ b: Value, _ bAxes: [Character], to output: [Character]) throws -> Value {
        let (a, aAxes) = try summed(a, aAxes, except: Set(bAxes).union(output))
        let (b, bAxes) = try summed(b, bAxes, except: Set(aAxes).union(output))
        let shared = aAxes.filter(bAxes.contains)
        let batch = shared.filter(output.contains)
        let contracted = shared.filter { !output.contains($0) }
        let rows = aAxes.filter { !shared.contains($0) }
        let columns = bAxes.filter { !shared.contains($0) }
        func sizes(_ letters: [Character], _ axes: [Character], _ x: Value) -> [Int] { letters.map { x.shape[axes.firstIndex(of: $0)!] } }
        func ordered(_ x: Value, _ axes: [Character], _ order: [Character]) throws -> Value {
            try transpose(x, order.map { axes.firstIndex(of: $0)! })
        }
        let batchSizes = sizes(batch, aAxes, a)
        let depth = sizes(contracted, aAxes, a).reduce(1, *)
        let columnSizes = sizes(columns, bAxes, b)
        let width = columnSizes.reduce(1, *)
        let rowSizes = sizes(rows, aAxes, a)
        // A kernel serves all rows, whatever axes they have; else the rows of a batch are one axis.
        let rowAxes = batch.isEmpty ? rowSizes : [rowSizes.reduce(1, *)]
        let left = try reshape(
            try ordered(a, aAxes, batch + rows + contracted), batchSizes + (rowAxes.isEmpty ? [1] : rowAxes) + [depth])
        let right = try reshape(try ordered(b, bAxes, batch + contracted + columns), batchSizes + [depth, width])
        let product = try reshape(try emit(.matrixMultiply, left, right), batchSizes + rowSizes + columnSizes)
        return try ordered(product, batch + rows + columns, output)
    }

    /// Without the axes that nobody else has.
    private func summed(_ x: Value, _ axes: [Character], except kept: Set<Character>) throws -> (Value, [Character]) {
        let lone = axes.indices.filter { !kept.contains(axes[$0]) }
        guard !lone.isEmpty else { return (x, axes) }
        return (try emit(.reduce(.sum, axes: lone, keepDims: false), x), axes.filter(kept.contains))
    }
}
