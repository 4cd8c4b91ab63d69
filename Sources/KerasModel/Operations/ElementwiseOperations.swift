import JSON
import Tensors

/// Functions of one number, without settings: what each is, and its names.
private let plainFunctions: [(Unary, keras3: [String], tensorflow: [String], graph: [String])] = [
    (.negate, ["Negative"], ["math.negative", "negative"], ["Neg"]),
    (.abs, ["Absolute", "Abs"], ["math.abs", "abs"], ["Abs"]),
    (.square, ["Square"], ["math.square", "square"], ["Square"]),
    (.sqrt, ["Sqrt"], ["math.sqrt", "sqrt"], ["Sqrt"]),
    (.rsqrt, ["Rsqrt"], ["math.rsqrt"], ["Rsqrt"]),
    (.reciprocal, ["Reciprocal"], ["math.reciprocal"], ["Reciprocal", "Inv"]),
    (.exp, ["Exp"], ["math.exp", "exp"], ["Exp"]),
    (.expm1, ["Expm1"], ["math.expm1"], ["Expm1"]),
    (.log, ["Log"], ["math.log"], ["Log"]),
    (.log1p, ["Log1p"], ["math.log1p"], ["Log1p"]),
    (.sin, ["Sin"], ["math.sin", "sin"], ["Sin"]),
    (.cos, ["Cos"], ["math.cos", "cos"], ["Cos"]),
    (.sign, ["Sign"], ["math.sign", "sign"], ["Sign"]),
    (.floor, ["Floor"], ["math.floor", "floor"], ["Floor"]),
    (.ceil, ["Ceil"], ["math.ceil"], ["Ceil"]),
    (.tanh, ["Tanh"], ["math.tanh", "tanh", "nn.tanh"], ["Tanh"]),
    (.sigmoid, ["Sigmoid"], ["math.sigmoid", "sigmoid", "nn.sigmoid"], ["Sigmoid"]),
    (.logSigmoid, ["LogSigmoid"], ["math.log_sigmoid"], []),
    (.softplus, ["Softplus"], ["math.softplus", "nn.softplus"], ["Softplus"]),
    (.softsign, ["Softsign"], ["math.softsign", "nn.softsign"], ["Softsign"]),
    (.erf, ["Erf"], ["math.erf"], ["Erf"]),
    (.erfc, [], ["math.erfc"], ["Erfc"]),
    (.selu, ["Selu"], ["nn.selu"], ["Selu"]),
    (.silu, ["Silu"], [], []),
    (.relu(), ["Relu"], ["nn.relu"], ["Relu"]),
    (.relu(maximum: 6), ["Relu6"], ["nn.relu6"], ["Relu6"]),
    (.hardSigmoid(slope: 1.0 / 6), ["HardSigmoid"], [], []),
    (.hardSilu(slope: 1.0 / 6), ["HardSilu"], [], []),
    (.mish, ["Mish"], [], []),
    (.tanhShrink, ["TanhShrink"], [], []),
    (.sparseSigmoid, ["SparseSigmoid"], [], []),
    (.sparsePlus, ["SparsePlus"], [], []),
    (.hardTanh, ["HardTanh"], [], []),
]

/// Those that keep integers integers.
private func keepsIntegers(_ function: Unary) -> Bool {
    switch function {
    case .negate, .abs, .square, .sign, .relu: true
    default: false
    }
}

private func one(_ name: String) -> String { "\(name)(x)" }
/// TensorFlow calls the parameter `x` of some functions and `features` or `input` of others.
private func oneOfTensorFlow(_ name: String) -> String { name.hasPrefix("nn.") ? "\(name)(x:features)" : "\(name)(x)" }

let functionsOfOne: [Operation] =
    plainFunctions.map { function, keras3, tensorflow, graph in
        Operation(
            keras3: keras3.map(one), tensorflow: tensorflow.map(oneOfTensorFlow), graph: graph.map(one),
            one: { call in
                let x = try call.tensor()
                return try call.emit(.unary(function), keepsIntegers(function) ? x : try call.real(x))
            })
    } + [
        Operation(
            tensorflow: ["nn.silu(x:features, beta)", "nn.swish(x:features, beta)"],
            one: { call in
                let (x, beta) = (try call.tensor(), try call.double("beta") ?? 1)
                if beta == 1 { return try call.emit(.unary(.silu), x) }
                return try call.emit(.binary(.multiply), x, try call.emit(.unary(.sigmoid), try call.affine(x, scale: beta)))
            }),
        Operation(
            keras3: ["Elu(x, alpha)"], tensorflow: ["nn.elu(x:features)"], graph: ["Elu(x:features)"],
            one: { try $0.emit(.unary(.elu(alpha: try $0.double("alpha") ?? 1)), try $0.tensor()) }),
        Operation(keras3: ["Celu(x, alpha)"], one: { try $0.emit(.unary(.celu(alpha: try $0.double("alpha") ?? 1)), try $0.tensor()) }),
        Operation(
            keras3: ["Gelu(x, approximate)"], tensorflow: ["nn.gelu(x:features, approximate)"],
            one: { try $0.emit(.unary(.gelu(approximate: try $0.bool("approximate"))), try $0.tensor()) }),
        Operation(
            keras3: ["LeakyRelu(x, alpha:negative_slope)"], tensorflow: ["nn.leaky_relu(x:features, alpha)"],
            graph: ["LeakyRelu(x:features, alpha)"],
            one: { try $0.emit(.unary(.relu(slope: try $0.double("alpha") ?? 0.2)), try $0.tensor()) }),
        Operation(
            keras3: ["HardShrink(x, threshold)"],
            one: { try $0.emit(.unary(.hardShrink(threshold: try $0.double("threshold") ?? 0.5)), try $0.tensor()) }),
        Operation(
            keras3: ["SoftShrink(x, threshold)"],
            one: { try $0.emit(.unary(.softShrink(threshold: try $0.double("threshold") ?? 0.5)), try $0.tensor()) }),
        Operation(
            keras3: ["Threshold(x, threshold, value:default_value)"],
            one: {
                try $0.emit(.unary(.threshold(try $0.double("threshold") ?? 0, value: try $0.double("value") ?? 0)), try $0.tensor())
            }),
        Operation(
            keras3: ["Squareplus(x, b)"], one: { try $0.emit(.unary(.squareplus(b: try $0.double("b") ?? 4)), try $0.tensor()) }),
        Operation(
            keras3: ["Round(x, decimals)"], tensorflow: ["math.round(x)", "round(x)"], graph: ["Round(x)"],
            one: { call in
                guard try call.int("decimals") ?? 0 == 0 else { throw call.unsupported("decimals", try call.int("decimals")!) }
                return try call.emit(.unary(.round), try call.tensor())
            }),
        Operation(
            keras3: ["Log2(x)"],
            one: { try $0.affine(try $0.emit(.unary(.log), try $0.real(try $0.tensor())), scale: 1 / 0.6931471805599453) }),
        Operation(
            keras3: ["Log10(x)"],
            one: { try $0.affine(try $0.emit(.unary(.log), try $0.real(try $0.tensor())), scale: 1 / 2.302585092994046) }),
        Operation(
            keras3: ["Tan(x)"], tensorflow: ["math.tan(x)"], graph: ["Tan(x)"],
            one: { call in
                let x = try call.real(try call.tensor())
                return try call.emit(.binary(.divide), try call.emit(.unary(.sin), x), try call.emit(.unary(.cos), x))
            }),
        Operation(
            keras3: ["Clip(x, low:x_min, high:x_max)"], tensorflow: ["clip_by_value(x:t, low:clip_value_min, high:clip_value_max)"],
            graph: ["ClipByValue(x:t, low:clip_value_min, high:clip_value_max)"],
            one: { call in
                let x = try call.tensor()
                if call.isTensor("low") || call.isTensor("high") {
                    let below = try call.emit(.binary(.minimum), x, try call.tensor("high", like: x))
                    return try call.emit(.binary(.maximum), below, try call.tensor("low", like: x))
                }
                let (low, high) = (try call.double("low") ?? -.infinity, try call.double("high") ?? .infinity)
                return try call.emit(.unary(.clamp(low: low, high: high)), x)
            }),
        Operation(
            keras3: ["StopGradient(x:variable)"], tensorflow: ["stop_gradient(x:input)"], graph: ["StopGradient(x:input)"],
            one: { call in
                let x = try call.tensor()
                return call.call.phase == .train ? try call.emit(.stopGradient, x) : x
            }),
        Operation(tensorflow: ["identity(x:input)"], graph: ["Identity(x:input)"], one: { try $0.tensor() }),
        Operation(
            keras3: ["Cast(x, dtype)"], tensorflow: ["cast(x, dtype)"], graph: ["Cast(x, dtype:DstT, SrcT, Truncate)"],
            one: { call in
                guard let dtype = try call.dtype() else { throw call.lacking("dtype") }
                let x = try call.tensor()
                // What the runtime holds as int32 goes by that name.
                return try call.cast(x, dtype.isInteger && dtype.size > 4 ? .int32 : dtype)
            }),
    ]

private let pairs: [(Binary, keras3: [String], tensorflow: [String], graph: [String])] = [
    (.add, ["Add"], ["math.add", "__operators__.add", "add"], ["Add", "AddV2"]),
    (.subtract, ["Subtract"], ["math.subtract", "subtract"], ["Sub"]),
    (.multiply, ["Multiply"], ["math.multiply", "multiply"], ["Mul"]),
    (.maximum, ["Maximum"], ["math.maximum", "maximum"], ["Maximum"]),
    (.minimum, ["Minimum"], ["math.minimum", "minimum"], ["Minimum"]),
    (.power, ["Power"], ["math.pow", "pow"], ["Pow"]),
    (.squaredDifference, [], ["math.squared_difference"], ["SquaredDifference"]),
]

private func two(_ name: String) -> String { "\(name)(x, y)" }
private func twoOfKeras(_ name: String) -> String { "\(name)(x:x1, y:x2)" }

let functionsOfTwo: [Operation] =
    pairs.map { function, keras3, tensorflow, graph in
        Operation(
            keras3: keras3.map(twoOfKeras), tensorflow: tensorflow.map(two), graph: graph.map(two),
            one: { call in
                var (x, y) = try call.operands()
                if x.dtype == .bool { (x, y) = (try call.cast(x, .int32), try call.cast(y, .int32)) }
                if let exponent = try function == .power ? call.scalar("y") : nil { return try power(x, exponent, call) }
                return try call.emit(.binary(function), x, y)
            })
    } + [
        Operation(
            keras3: ["Divide(x:x1, y:x2)", "TrueDivide(x:x1, y:x2)"],
            tensorflow: ["math.divide(x, y)", "math.truediv(x, y)", "divide(x, y)", "truediv(x, y)", "realdiv(x, y)"],
            graph: ["RealDiv(x, y)", "Div(x, y)"],
            one: { call in
                let (x, y) = try call.operands()
                guard call.vocabulary == .keras3 || x.dtype.isFloatingPoint else {
                    // TensorFlow's quotient of integers is float64, which shapes come through as well.
                    guard call.isConstant(x), call.isConstant(y) else {
                        throw KerasError(.unsupported, "quotients of integers are not run", found: "\(x.dtype)")
                    }
                    return try call.emit(.binary(.divide), try call.cast(x, .float64), try call.cast(y, .float64))
                }
                return try call.emit(.binary(.divide), try call.real(x), try call.real(y))
            }),
        Operation(
            keras3: ["FloorDivide(x:x1, y:x2)"],
            tensorflow: ["math.floordiv(x, y)", "compat.v1.floor_div(x, y)", "compat.v1.floordiv(x, y)", "floordiv(x, y)"],
            graph: ["FloorDiv(x, y)"],
            one: { call in
                let (x, y) = try call.operands()
                return try floorQuotient(x, y, call)
            }),
        Operation(
            keras3: ["Mod(x:x1, y:x2)"], tensorflow: ["math.floormod(x, y)", "math.mod(x, y)"], graph: ["FloorMod(x, y)"],
            one: { call in
                let (x, y) = try call.operands()
                return try call.emit(.binary(.subtract), x, try call.emit(.binary(.multiply), try floorQuotient(x, y, call), y))
            }),
        Operation(
            keras3: ["DivideNoNan(x:x1, y:x2)"], tensorflow: ["math.divide_no_nan(x, y)"], graph: ["DivNoNan(x, y)"],
            one: { call in
                let (x, y) = try call.operands()
                let isZero = try call.emit(.binary(.equal), y, try call.constant(0, like: y))
                let quotient = try call.emit(.binary(.divide), x, try call.emit(.binary(.add), y, isZero))
                return try call.emit(.binary(.gate), quotient, try call.affine(isZero, scale: -1, offset: 1))
            }),
        Operation(
            tensorflow: ["math.add_n(x:inputs)", "add_n(x:inputs)"], graph: ["AddN(*x:inputs, N)"],
            one: { call in
                let parts = try call.tensors()
                guard let first = parts.first else { throw call.lacking("inputs") }
                return try parts.dropFirst().reduce(first) { try call.emit(.binary(.add), $0, $1) }
            }),
        Operation(
            tensorflow: ["nn.bias_add(x:value, y:bias, data_format)"], graph: ["BiasAdd(x:value, y:bias, data_format)"],
            one: { call in
                let (x, bias) = (try call.tensor(), try call.tensor("y"))
                guard try call.string("data_format")?.hasPrefix("NC") ?? false, x.rank > 2 else {
                    return try call.emit(.binary(.add), x, bias)
                }
                return try call.emit(.binary(.add), x, try call.reshape(bias, bias.shape.dims + Array(repeating: 1, count: x.rank - 2)))
            }),
    ]

private func floorQuotient(_ x: Value, _ y: Value, _ call: OperationCall) throws -> Value {
    let quotient: Value
    if x.dtype.isFloatingPoint || call.isConstant(x) && call.isConstant(y) {
        let dtype = x.dtype.isFloatingPoint ? x.dtype : DType.float64
        quotient = try call.emit(.binary(.divide), try call.cast(x, dtype), try call.cast(y, dtype))
    } else {
        quotient = try call.emit(.binary(.divide), try call.cast(x, .float64), try call.cast(y, .float64))
    }
    return try call.cast(try call.emit(.unary(.floor), quotient), x.dtype)
}

/// A power with a number for its exponent: by multiplication where that is exact.
private func power(_ x: Value, _ exponent: Double, _ call: OperationCall) throws -> Value {
    switch exponent {
    case 1: return x
    case 2: return try call.emit(.unary(.square), x)
    default:
        if x.dtype.isFloatingPoint { return try call.emit(.unary(.power(exponent)), x) }
        return try call.emit(.binary(.power), x, try call.constant(exponent, like: x))
    }
}

extension OperationCall {
    /// A number given in the place of a tensor.
    fileprivate func scalar(_ name: String) throws -> Double? { isNumber(name) ? try double(name) : nil }
}

private let comparisons: [(Binary, keras3: [String], tensorflow: [String], graph: [String])] = [
    (.equal, ["Equal"], ["math.equal", "__operators__.eq", "equal"], ["Equal"]),
    (.notEqual, ["NotEqual"], ["math.not_equal", "__operators__.ne", "not_equal"], ["NotEqual"]),
    (.less, ["Less"], ["math.less", "less"], ["Less"]),
    (.lessOrEqual, ["LessEqual"], ["math.less_equal", "less_equal"], ["LessEqual"]),
    (.greater, ["Greater"], ["math.greater", "greater"], ["Greater"]),
    (.greaterOrEqual, ["GreaterEqual"], ["math.greater_equal", "greater_equal"], ["GreaterEqual"]),
]

let logicalOperations: [Operation] =
    comparisons.map { comparison, keras3, tensorflow, graph in
        Operation(
            keras3: keras3.map(twoOfKeras), tensorflow: tensorflow.map(two), graph: graph.map { "\($0)(x, y, incompatible_shape_error)" },
            one: { call in
                let (x, y) = try call.operands()
                return try call.cast(try call.emit(.binary(comparison), try call.counted(x), try call.counted(y)), .bool)
            })
    } + [
        Operation(
            keras3: ["LogicalAnd(x:x1, y:x2)"], tensorflow: ["math.logical_and(x, y)"], graph: ["LogicalAnd(x, y)"],
            one: { try $0.truth($0.emit(.binary(.multiply), $0.indicator("x"), $0.indicator("y"))) }),
        Operation(
            keras3: ["LogicalOr(x:x1, y:x2)"], tensorflow: ["math.logical_or(x, y)"], graph: ["LogicalOr(x, y)"],
            one: { try $0.truth($0.emit(.binary(.maximum), $0.indicator("x"), $0.indicator("y"))) }),
        Operation(
            keras3: ["LogicalXor(x:x1, y:x2)"], tensorflow: ["math.logical_xor(x, y)"],
            one: { try $0.truth($0.emit(.binary(.notEqual), $0.indicator("x"), $0.indicator("y"))) }),
        Operation(
            keras3: ["LogicalNot(x)"], tensorflow: ["math.logical_not(x)"], graph: ["LogicalNot(x)"],
            one: { try $0.truth($0.affine($0.indicator("x"), scale: -1, offset: 1)) }),
    ]

extension OperationCall {
    /// Truth values as 1 and 0.
    func counted(_ x: Value) throws -> Value { x.dtype == .bool ? try cast(x, .float32) : x }

    /// 1 where a tensor is true or not 0, else 0.
    func indicator(_ name: String) throws -> Value { try indicator(try tensor(name)) }

    func indicator(_ x: Value) throws -> Value {
        if x.dtype == .bool { return try cast(x, .float32) }
        return try emit(.binary(.notEqual), x, try constant(0, like: x))
    }

    func truth(_ indicator: Value) throws -> Value { try cast(indicator, .bool) }
}
