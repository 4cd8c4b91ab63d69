import KerasModel
import Tensors

/// Which operators the functions of one and two numbers are.
extension ONNXExporter {
    /// A function of `x`; the result's name.
    mutating func write(_ function: Unary, _ x: String, _ type: DType, _ layer: String) throws -> String {
        func node(_ operation: String, _ operands: String..., attributes: [(String, ONNXGraph.Attribute)] = []) -> String {
            file.node(operation, operands, attributes, layer: layer)[0]
        }
        func number(_ value: Double) throws -> String { try file.scalar(value, type) }
        func scaled(_ x: String, _ scale: Double, _ offset: Double = 0) throws -> String {
            let product = scale == 1 ? x : node("Mul", x, try number(scale))
            return offset == 0 ? product : node("Add", product, try number(offset))
        }
        func clipped(_ x: String, _ low: Double, _ high: Double) throws -> String {
            var x = x
            if low > -.infinity { x = node("Max", x, try number(low)) }
            return high < .infinity ? node("Min", x, try number(high)) : x
        }
        switch function {
        case .negate: return node("Neg", x)
        case .abs: return node("Abs", x)
        case .square: return node("Mul", x, x)
        case .sqrt: return node("Sqrt", x)
        case .rsqrt: return node("Reciprocal", node("Sqrt", x))
        case .reciprocal: return node("Reciprocal", x)
        case .exp: return node("Exp", x)
        case .expm1: return try scaled(node("Exp", x), 1, -1)
        case .log: return node("Log", x)
        case .log1p: return node("Log", try scaled(x, 1, 1))
        case .sin: return node("Sin", x)
        case .cos: return node("Cos", x)
        case .sign: return node("Sign", x)
        case .floor: return node("Floor", x)
        case .ceil: return node("Ceil", x)
        case .round: return node("Round", x)
        case .tanh: return node("Tanh", x)
        case .sigmoid: return node("Sigmoid", x)
        case .logSigmoid: return node("Neg", node("Softplus", node("Neg", x)))
        case .softplus: return node("Softplus", x)
        case .softsign: return node("Softsign", x)
        case .erf: return node("Erf", x)
        case .erfc: return try scaled(node("Erf", x), -1, 1)
        case .selu: return node("Selu", x)
        case .silu: return node("Mul", x, node("Sigmoid", x))
        case .mish: return node("Mul", x, node("Tanh", node("Softplus", x)))
        case .tanhShrink: return node("Sub", x, node("Tanh", x))
        case .sparseSigmoid: return try clipped(try scaled(x, 0.5, 0.5), 0, 1)
        case .sparsePlus:
            // (x + 1)² / 4 where the line from −1 to 1 bends, x beyond it.
            let bent = try clipped(try scaled(x, 0.5, 0.5), 0, 1)
            return node("Add", node("Mul", bent, bent), try clipped(try scaled(x, 1, -1), 0, .infinity))
        case .hardTanh: return try clipped(x, -1, 1)
        case .elu(let alpha): return node("Elu", x, attributes: [("alpha", .float(alpha))])
        case .celu(let alpha): return node("Celu", x, attributes: [("alpha", .float(alpha))])
        case .gelu(approximate: false):
            let area = try scaled(node("Erf", try scaled(x, 0.5.squareRoot())), 0.5, 0.5)
            return node("Mul", x, area)
        case .gelu(approximate: true):
            let cube = try scaled(node("Mul", x, node("Mul", x, x)), 0.044715)
            let inner = try scaled(node("Add", x, cube), (2 / Double.pi).squareRoot())
            return node("Mul", x, try scaled(node("Tanh", inner), 0.5, 0.5))
        case .hardSigmoid(let slope): return try clipped(try scaled(x, slope, 0.5), 0, 1)
        case .hardSilu(let slope): return node("Mul", x, try clipped(try scaled(x, slope, 0.5), 0, 1))
        case .hardShrink(let threshold): return node("Shrink", x, attributes: [("lambd", .float(threshold)), ("bias", .float(0))])
        case .softShrink(let threshold): return node("Shrink", x, attributes: [("lambd", .float(threshold)), ("bias", .float(threshold))])
        case .threshold(let threshold, let value):
            return node("Where", node("Greater", x, try number(threshold)), x, try number(value))
        case .squareplus(let b): return try scaled(node("Add", x, node("Sqrt", try scaled(node("Mul", x, x), 1, b))), 0.5)
        case .relu(let slope, let threshold, let maximum):
            if slope == 0, threshold == 0 { return try clipped(node("Relu", x), -.infinity, maximum) }
            if threshold == 0 { return try clipped(node("LeakyRelu", x, attributes: [("alpha", .float(slope))]), -.infinity, maximum) }
            let below = slope == 0 ? try number(0) : try scaled(x, slope, -slope * threshold)
            return try clipped(node("Where", node("Greater", x, try number(threshold)), x, below), -.infinity, maximum)
        case .clamp(let low, let high): return try clipped(x, low, high)
        case .affine(let scale, let offset): return try scaled(x, scale, offset)
        case .power(let exponent): return node("Pow", x, try number(exponent))
        }
    }

    mutating func write(_ function: Binary, _ node: OpGraph.Node) throws {
        let rank = rank(node.output)
        // In the order of an operand that is computed and has every axis.
        let leader = node.inputs.first { !isFixed($0) && self.rank($0) == rank }
        let order = leader.map { self.order($0) } ?? plainOrder(node.output)
        let operands = try node.inputs.map { try operand($0, rank: rank, order: order) }
        let (x, type, layer) = (operands[0], dtype(node.output), node.layer)
        func plain(_ operation: String) -> String { file.node(operation, operands, layer: layer)[0] }
        func comparison(_ operation: String, negated: Bool = false) throws -> String {
            var result = plain(operation)
            if negated { result = file.node("Not", [result], layer: layer)[0] }
            return file.node("Cast", [result], [("to", .int(try ONNXGraph.elementType(type)))], layer: layer)[0]
        }
        let result: String
        switch function {
        case .add: result = plain("Add")
        case .subtract: result = plain("Sub")
        case .multiply: result = plain("Mul")
        case .divide: result = plain("Div")
        case .maximum: result = plain("Max")
        case .minimum: result = plain("Min")
        case .power: result = plain("Pow")
        case .squaredDifference:
            let difference = plain("Sub")
            result = file.node("Mul", [difference, difference], layer: layer)[0]
        case .equal: result = try comparison("Equal")
        case .notEqual: result = try comparison("Equal", negated: true)
        case .less: result = try comparison("Less")
        case .lessOrEqual: result = try comparison("LessOrEqual")
        case .greater: result = try comparison("Greater")
        case .greaterOrEqual: result = try comparison("GreaterOrEqual")
        case .gate:
            let zero = try file.scalar(0, type)
            result = file.node("Where", [file.node("Greater", [operands[1], zero], layer: layer)[0], x, zero], layer: layer)[0]
        case .prelu:
            let below = file.node("Less", [x, try file.scalar(0, type)], layer: layer)[0]
            result = file.node("Where", [below, plain("Mul"), x], layer: layer)[0]
        }
        keep(node.output, result, order: order)
    }
}
