internal import CKernels
import KerasModel

/// A unary function as the kernels know it: its kind and up to three numbers.
struct UnaryKernel: Sendable {
    let kind: kk_unary
    var a = 0.0
    var b = 0.0
    var c = 0.0

    init(_ kind: kk_unary, _ a: Double = 0, _ b: Double = 0, _ c: Double = 0) {
        (self.kind, self.a, self.b, self.c) = (kind, a, b, c)
    }

    static let copy = UnaryKernel(.copy)
}

extension Unary {
    /// The kernel of this function.
    ///
    /// A plain ReLU is a clamp here and in the epilogues, so that it gives the same bits in both.
    var kernel: UnaryKernel {
        switch self {
        case .negate: UnaryKernel(.negate)
        case .abs: UnaryKernel(.abs)
        case .square: UnaryKernel(.square)
        case .sqrt: UnaryKernel(.sqrt)
        case .rsqrt: UnaryKernel(.rsqrt)
        case .reciprocal: UnaryKernel(.reciprocal)
        case .exp: UnaryKernel(.exp)
        case .expm1: UnaryKernel(.expm1)
        case .log: UnaryKernel(.log)
        case .log1p: UnaryKernel(.log1p)
        case .sin: UnaryKernel(.sin)
        case .cos: UnaryKernel(.cos)
        case .sign: UnaryKernel(.sign)
        case .floor: UnaryKernel(.floor)
        case .ceil: UnaryKernel(.ceil)
        case .round: UnaryKernel(.round)
        case .tanh: UnaryKernel(.tanh)
        case .sigmoid: UnaryKernel(.sigmoid)
        case .logSigmoid: UnaryKernel(.log_sigmoid)
        case .softplus: UnaryKernel(.softplus)
        case .softsign: UnaryKernel(.softsign)
        case .erf: UnaryKernel(.erf)
        case .erfc: UnaryKernel(.erfc)
        case .selu: UnaryKernel(.selu)
        case .silu: UnaryKernel(.silu)
        case .mish: UnaryKernel(.mish)
        case .tanhShrink: UnaryKernel(.tanh_shrink)
        case .sparseSigmoid: UnaryKernel(.sparse_sigmoid)
        case .sparsePlus: UnaryKernel(.sparse_plus)
        case .hardTanh: UnaryKernel(.hard_tanh)
        case .elu(let alpha): UnaryKernel(.elu, alpha)
        case .celu(let alpha): UnaryKernel(.celu, alpha)
        case .gelu(let approximate): UnaryKernel(approximate ? .gelu_tanh : .gelu)
        case .hardSigmoid(let slope): UnaryKernel(.hard_sigmoid, slope, 0.5)
        case .hardSilu(let slope): UnaryKernel(.hard_silu, slope, 0.5)
        case .hardShrink(let threshold): UnaryKernel(.hard_shrink, threshold)
        case .softShrink(let threshold): UnaryKernel(.soft_shrink, threshold)
        case .threshold(let threshold, let value): UnaryKernel(.threshold, threshold, value)
        case .squareplus(let b): UnaryKernel(.squareplus, b)
        case .relu(0, 0, let maximum): UnaryKernel(.clamp, 0, maximum)
        case .relu(let slope, let threshold, let maximum): UnaryKernel(.relu_general, slope, threshold, maximum)
        case .clamp(let low, let high): UnaryKernel(.clamp, low, high)
        case .affine(let scale, let offset): UnaryKernel(.affine, scale, offset)
        case .power(let exponent): UnaryKernel(.power, exponent)
        }
    }
}

extension Binary {
    var kernel: kk_binary {
        switch self {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .maximum: .maximum
        case .minimum: .minimum
        case .power: .power
        case .squaredDifference: .squared_difference
        case .equal: .equal
        case .notEqual: .not_equal
        case .less: .less
        case .lessOrEqual: .less_equal
        case .greater: .greater
        case .greaterOrEqual: .greater_equal
        case .prelu: .prelu
        case .gate: .gate
        }
    }
}

extension Reduction {
    var kernel: kk_reduce {
        switch self {
        case .sum: .sum
        case .mean: .mean
        case .max: .max
        case .min: .min
        case .product: .product
        case .sumOfSquares: .sum_of_squares
        }
    }
}
