internal import CKernels
import KerasModel

/// A primitive for every kind of the kernels' lists, so that what goes over all of them misses none. A kind that is added does not compile
/// until it has one here; nil where no primitive of its own leads to a kernel.
package enum KernelPrimitives {
    package static let unary: [(name: String, primitive: Unary)] = (0..<Int32(kk_unary_count)).compactMap { kind in
        guard let kernel = kk_unary(rawValue: kind), let primitive = primitive(kernel) else { return nil }
        return (String(cString: kk_unary_name(kernel)), primitive)
    }

    package static let binary: [(name: String, primitive: Binary)] = (0..<Int32(kk_binary_count)).compactMap { kind in
        guard let kernel = kk_binary(rawValue: kind), let primitive = primitive(kernel) else { return nil }
        return (String(cString: kk_binary_name(kernel)), primitive)
    }

    package static let reduce: [(name: String, primitive: Reduction)] = (0..<Int32(kk_reduce_count)).compactMap { kind in
        kk_reduce(rawValue: kind).map { (String(cString: kk_reduce_name($0)), primitive($0)) }
    }

    private static func primitive(_ kernel: kk_unary) -> Unary? {
        switch kernel {
        case .copy: nil
        case .negate: .negate
        case .abs: .abs
        case .square: .square
        case .sqrt: .sqrt
        case .rsqrt: .rsqrt
        case .reciprocal: .reciprocal
        case .exp: .exp
        case .expm1: .expm1
        case .log: .log
        case .log1p: .log1p
        case .tanh: .tanh
        case .sigmoid: .sigmoid
        case .softplus: .softplus
        case .softsign: .softsign
        case .erf: .erf
        case .erfc: .erfc
        case .gelu: .gelu(approximate: false)
        case .gelu_tanh: .gelu(approximate: true)
        case .elu: .elu(alpha: 1)
        case .selu: .selu
        case .celu: .celu(alpha: 1)
        case .silu: .silu
        case .mish: .mish
        case .hard_sigmoid: .hardSigmoid(slope: 1.0 / 6)
        case .hard_silu: .hardSilu(slope: 1.0 / 6)
        case .hard_tanh: .hardTanh
        case .hard_shrink: .hardShrink(threshold: 0.5)
        case .soft_shrink: .softShrink(threshold: 0.5)
        case .threshold: .threshold(0.5, value: 0)
        case .tanh_shrink: .tanhShrink
        case .log_sigmoid: .logSigmoid
        case .squareplus: .squareplus(b: 4)
        case .sparse_sigmoid: .sparseSigmoid
        case .sparse_plus: .sparsePlus
        case .clamp: .clamp(low: -1, high: 1)
        case .leaky: nil
        case .relu_general: .relu(slope: 0.1)
        case .floor: .floor
        case .ceil: .ceil
        case .round: .round
        case .sign: .sign
        case .sin: .sin
        case .cos: .cos
        case .affine: .affine(scale: 2, offset: 1)
        case .power: .power(1.5)
        }
    }

    private static func primitive(_ kernel: kk_binary) -> Binary? {
        switch kernel {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .maximum: .maximum
        case .minimum: .minimum
        case .power: .power
        case .squared_difference: .squaredDifference
        case .equal: .equal
        case .not_equal: .notEqual
        case .less: .less
        case .less_equal: .lessOrEqual
        case .greater: .greater
        case .greater_equal: .greaterOrEqual
        case .logical_and, .logical_or: nil
        case .prelu: .prelu
        case .gate: .gate
        }
    }

    private static func primitive(_ kernel: kk_reduce) -> Reduction {
        switch kernel {
        case .sum: .sum
        case .mean: .mean
        case .max: .max
        case .min: .min
        case .product: .product
        case .sum_of_squares: .sumOfSquares
        }
    }
}
