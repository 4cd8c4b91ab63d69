import JSON
import Tensors

/// A function applied to every number, or along the last axis. Keras: `activation`, by name, or a layer in its place.
///
/// Where one name means different functions in different generations, each meaning is a case of its own.
public enum ActivationFunction: Hashable, Sendable {
    case linear, relu, relu6, sigmoid, tanh, softmax, elu, selu, softplus, softsign, exponential, silu, mish, gelu
    case celu, glu, hardShrink, hardTanh, logSigmoid, logSoftmax, softShrink, sparsePlus, sparseSigmoid, sparsemax, squareplus, tanhShrink
    /// Slope 0.2.
    case leakyRelu
    /// `clip(x / 6 + 1/2, 0, 1)`: Keras 3.
    case hardSigmoid
    /// `clip(x / 5 + 1/2, 0, 1)`: Keras 1 and 2 and tf.keras, under the same name.
    case hardSigmoidFifth
    /// `x · hardSigmoid(x)`.
    case hardSilu
    /// A layer without weights: `LeakyReLU(negativeSlope: 0.1)` where a name would have no room for the slope.
    case layer(BoxedActivation)

    public static func layer(_ layer: some ActivationLayer) -> ActivationFunction { .layer(BoxedActivation(layer)) }

    /// Each function's names, the one that is written first, and where it is known.
    private static let names: [(ActivationFunction, [String], Set<Dialect>)] = [
        (.linear, ["linear"], Dialect.all), (.relu, ["relu"], Dialect.all), (.relu6, ["relu6"], [.tfKeras, .keras3]),
        (.sigmoid, ["sigmoid"], Dialect.all), (.tanh, ["tanh"], Dialect.all), (.softmax, ["softmax"], [.keras2, .keras3]),
        // TensorFlow 2.0's own name of it is in some files.
        (.softmax, ["softmax", "softmax_v2"], [.tfKeras]),
        (.elu, ["elu"], Dialect.all), (.selu, ["selu"], Dialect.all), (.softplus, ["softplus"], Dialect.all),
        (.softsign, ["softsign"], Dialect.all), (.exponential, ["exponential"], Dialect.all),
        (.silu, ["silu", "swish"], [.keras3]), (.silu, ["swish", "silu"], [.tfKeras]), (.mish, ["mish"], [.tfKeras, .keras3]),
        (.gelu, ["gelu"], [.tfKeras, .keras3]), (.celu, ["celu"], [.keras3]), (.glu, ["glu"], [.keras3]),
        (.hardShrink, ["hard_shrink"], [.keras3]), (.hardTanh, ["hard_tanh"], [.keras3]), (.logSigmoid, ["log_sigmoid"], [.keras3]),
        (.logSoftmax, ["log_softmax"], [.tfKeras, .keras3]), (.softShrink, ["soft_shrink"], [.keras3]),
        (.sparsePlus, ["sparse_plus"], [.keras3]),
        (.sparseSigmoid, ["sparse_sigmoid"], [.keras3]), (.sparsemax, ["sparsemax"], [.keras3]), (.squareplus, ["squareplus"], [.keras3]),
        (.tanhShrink, ["tanh_shrink"], [.keras3]), (.leakyRelu, ["leaky_relu"], [.tfKeras, .keras3]),
        (.hardSigmoid, ["hard_sigmoid"], [.keras3]), (.hardSigmoidFifth, ["hard_sigmoid"], Dialect.older),
        (.hardSilu, ["hard_silu", "hard_swish"], [.keras3]),
    ]

    /// The functions a dialect has, by each name.
    package static func named(in dialect: Dialect) -> [String: ActivationFunction] {
        var result: [String: ActivationFunction] = [:]
        for (activation, names, dialects) in names where dialects.contains(dialect) {
            for name in names { result[name] = activation }
        }
        return result
    }
}

extension ActivationFunction: ConfigValue {
    /// A name; or null, which is linear; or an object that names a built-in function, or a layer.
    public init(config json: JSON, in context: DecodingContext) throws {
        if json.isNull {
            self = .linear
            return
        }
        if json["config"]?.object != nil, let type = json["class_name"]?.string.flatMap({ context.registry[$0] }) {
            guard let type = type as? any ActivationLayer.Type else {
                throw KerasError(.unsupported, "this layer cannot be another's activation", found: "'\(type.className)'")
            }
            self = .layer(try BoxedActivation(type, config: json, in: context))
            return
        }
        let isFunction = json["class_name"]?.string == "function"
        guard let name = json.string ?? (isFunction ? json["config"]?.string : json["class_name"]?.string) else {
            throw KerasError.unexpected(json, expected: "the name of an activation function")
        }
        guard let known = ActivationFunction.named(in: context.dialect)[name] else {
            throw KerasError(.unsupported, "this activation function is not known", found: "'\(name)'")
        }
        self = known
    }

    public func config(in context: EncodingContext) throws -> JSON {
        if case .layer(let box) = self { return try box.config(in: context) }
        for (activation, names, dialects) in ActivationFunction.names where activation == self && dialects.contains(context.dialect) {
            return .string(names[0])
        }
        throw KerasError(.unsupported, "\(context.dialect.rawValue) has no such activation function", found: words)
    }

    /// What Keras calls it, in whichever generation.
    private var words: String {
        let name = ActivationFunction.names.first { $0.0 == self }?.1[0] ?? "\(self)"
        return switch self {
        case .hardSigmoid: "\(name), which Keras 3 has as clip(x / 6 + 1/2, 0, 1)"
        case .hardSigmoidFifth: "\(name), which Keras before 3 has as clip(x / 5 + 1/2, 0, 1)"
        default: name
        }
    }
}

extension ActivationFunction {
    /// The function in primitives; softmax and its like go along the last axis.
    func lower(_ x: Value, _ call: LayerCall) throws -> Value {
        switch self {
        case .linear: x
        case .softmax: try call.emit(.softmax(axis: x.rank - 1), x)
        case .logSoftmax: try call.emit(.logSoftmax(axis: x.rank - 1), x)
        case .sparsemax: try call.emit(.sparsemax, x)
        case .glu: try gatedLinear(x, call)
        case .layer(let box): try call.lower(box.layer, [MaskedValue(x)])[0].value
        default: try call.emit(.unary(elementwise), x)
        }
    }

    /// The function of one number that it is.
    var unary: Unary? { isPointwise ? elementwise : nil }

    private var elementwise: Unary {
        switch self {
        case .linear, .softmax, .logSoftmax, .sparsemax, .glu, .layer: .affine(scale: 1, offset: 0)
        case .relu: .relu()
        case .relu6: .relu(maximum: 6)
        case .leakyRelu: .relu(slope: 0.2)
        case .sigmoid: .sigmoid
        case .tanh: .tanh
        case .elu: .elu(alpha: 1)
        case .celu: .celu(alpha: 1)
        case .selu: .selu
        case .softplus: .softplus
        case .softsign: .softsign
        case .exponential: .exp
        case .silu: .silu
        case .mish: .mish
        case .gelu: .gelu(approximate: false)
        case .hardShrink: .hardShrink(threshold: 0.5)
        case .softShrink: .softShrink(threshold: 0.5)
        case .hardTanh: .hardTanh
        case .logSigmoid: .logSigmoid
        case .sparsePlus: .sparsePlus
        case .sparseSigmoid: .sparseSigmoid
        case .squareplus: .squareplus(b: 4)
        case .tanhShrink: .tanhShrink
        case .hardSigmoid: .hardSigmoid(slope: 1.0 / 6)
        case .hardSigmoidFifth: .hardSigmoid(slope: 0.2)
        case .hardSilu: .hardSilu(slope: 1.0 / 6)
        }
    }

    /// The first half of the last axis, gated by the sigmoid of the second.
    private func gatedLinear(_ x: Value, _ call: LayerCall) throws -> Value {
        let axis = x.rank - 1
        guard axis >= 0, x.shape[axis] % 2 == 0 else {
            throw KerasError(.mismatch, "glu halves the last axis", found: "\(x.shape)", expected: "an even last length")
        }
        var sizes = x.shape.dims
        sizes[axis] /= 2
        var starts = [Int](repeating: 0, count: x.rank)
        let values = try call.emit(.slice(starts: starts, sizes: sizes), x)
        starts[axis] = sizes[axis]
        let gates = try call.emit(.unary(.sigmoid), try call.emit(.slice(starts: starts, sizes: sizes), x))
        return try call.emit(.binary(.multiply), values, gates)
    }

    /// Whether each number is mapped by itself, whatever its place.
    var isPointwise: Bool {
        switch self {
        case .softmax, .logSoftmax, .sparsemax, .glu, .layer: false
        default: true
        }
    }

    /// The last axis's length after it, if it is not the same.
    func outputShape(_ x: SymbolicShape) -> SymbolicShape {
        guard self == .glu, let last = x.last else { return x }
        var shape = x
        shape[x.rank - 1] = last / 2
        return shape
    }
}
