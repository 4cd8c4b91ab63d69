import KerasModel
import Tensors

struct UnaryStep<T: ComputeScalar>: Step {
    let kernel: UnaryKernel
    let from: Location
    let to: Location
    let cut: Parts

    static func make(_ unary: Unary, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> UnaryStep {
        UnaryStep(
            kernel: unary.kernel, from: try plan.location(node.inputs[0]), to: try plan.location(node.output),
            cut: .elements(plan.shape(node.output).count, of: T.self))
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        let mine = cut[part]
        frame.kernels.unary(kernel, frame.reals(from) + mine.lowerBound, frame.reals(to) + mine.lowerBound, mine.count)
    }
}

extension Unary {
    /// `dy · f'(x)` of y = f(x), from whichever of the two costs less. At a kink it is one of the slopes beside it.
    func gradient(_ x: Term, _ y: Term, _ dy: Term) throws -> Term? {
        switch self {
        case .sign, .floor, .ceil, .round: nil
        case .negate: try -dy
        case .affine(let scale, _): try scale * dy
        case .relu(0, 0, .infinity): try dy.gated(by: y)
        case .clamp(let low, let high): try dy * x.compared(.greaterOrEqual, low) * x.compared(.lessOrEqual, high)
        case .threshold(let threshold, _): try dy.gated(by: x - threshold)
        default: try dy * slope(x, y)
        }
    }

    private func slope(_ x: Term, _ y: Term) throws -> Term {
        switch self {
        case .abs: try x(.sign)
        case .square: try 2 * x
        case .sqrt: try 0.5 * y(.reciprocal)
        case .rsqrt: try -0.5 * (y * y(.square))
        case .reciprocal: try -y(.square)
        case .exp: y
        case .expm1: try y + 1
        case .log: try x(.reciprocal)
        case .log1p: try (x + 1)(.reciprocal)
        case .sin: try x(.cos)
        case .cos: try -x(.sin)
        case .tanh: try 1 - y(.square)
        case .sigmoid: try y * (1 - y)
        case .logSigmoid: try (-x)(.sigmoid)
        case .softplus: try x(.sigmoid)
        case .softsign: try (x(.abs) + 1)(.square)(.reciprocal)
        case .erf: try (2 / Double.pi.squareRoot()) * (-x(.square))(.exp)
        case .erfc: try (-2 / Double.pi.squareRoot()) * (-x(.square))(.exp)
        case .selu: try x.compared(.greater, 0) * Unary.seluScale + (y + Unary.seluScale * Unary.seluAlpha) * x.compared(.lessOrEqual, 0)
        case .elu(let alpha): try x.compared(.greater, 0) + (y + alpha) * x.compared(.lessOrEqual, 0)
        case .celu(let alpha): try x.compared(.greater, 0) + ((1 / alpha) * y + 1) * x.compared(.lessOrEqual, 0)
        case .silu: try siluSlope(x)
        case .mish: try mishSlope(x)
        case .gelu(approximate: false):
            try 0.5 * (0.5.squareRoot() * -x)(.erfc) + (0.5 / Double.pi).squareRoot() * x * (-0.5 * x(.square))(.exp)
        case .gelu(approximate: true): try approximateGELUSlope(x)
        case .tanhShrink: try x(.tanh)(.square)
        case .sparseSigmoid: try 0.5 * x.within(-1, 1)
        case .sparsePlus: try (0.5 * x + 0.5)(.clamp(low: 0, high: 1))
        case .hardTanh: try x.within(-1, 1)
        case .hardSigmoid(let slope): try slope * x.within(-0.5 / slope, 0.5 / slope)
        case .hardSilu(let slope): try x(.hardSigmoid(slope: slope)) + slope * x * x.within(-0.5 / slope, 0.5 / slope)
        case .hardShrink(let threshold), .softShrink(let threshold): try x(.abs).compared(.greater, threshold)
        case .squareplus(let b): try 0.5 * x * (x(.square) + b)(.rsqrt) + 0.5
        case .relu(let slope, let threshold, let maximum): try reluSlope(x, slope, threshold, maximum)
        case .power(let exponent): try exponent * x(.power(exponent - 1))
        default: throw KerasError(.unsupported, "the gradient of this function is not known", found: "\(self)")
        }
    }

    private static let seluScale = 1.0507009873554805
    private static let seluAlpha = 1.6732632423543772

    private func siluSlope(_ x: Term) throws -> Term {
        let s = try x(.sigmoid)
        return try s * (x * (1 - s) + 1)
    }

    private func mishSlope(_ x: Term) throws -> Term {
        let t = try x(.softplus)(.tanh)
        return try t + x * x(.sigmoid) * (1 - t(.square))
    }

    /// Of `x/2 · (1 + tanh u)`, `u = √(2/π) · (x + 0.044715 x³)`.
    private func approximateGELUSlope(_ x: Term) throws -> Term {
        let scale = (2 / Double.pi).squareRoot()
        let square = try x(.square)
        let t = try (x * ((scale * 0.044715) * square + scale))(.tanh)
        return try 0.5 * t + 0.5 + 0.5 * x * (1 - t(.square)) * ((3 * 0.044715 * scale) * square + scale)
    }

    private func reluSlope(_ x: Term, _ slope: Double, _ threshold: Double, _ maximum: Double) throws -> Term {
        let above = try x.compared(.greater, threshold)
        let steps = slope == 0 ? above : try (1 - slope) * above + slope
        return maximum == .infinity ? steps : try steps * x.compared(.less, maximum)
    }
}

extension Term {
    /// 1 strictly between two numbers, else 0.
    fileprivate func within(_ low: Double, _ high: Double) throws -> Term { try compared(.greater, low) * compared(.less, high) }
}
