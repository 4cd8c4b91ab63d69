import KerasModel
import Tensors
import Testing

/// A primitive with the shapes of its operands.
struct OpCase: CustomTestStringConvertible {
    var op: Op
    var shapes: [[Int]]
    /// Makes numbers on which the primitive is defined.
    var prepare: @Sendable (Int, Double) -> Double = { $1 }
    var isIndex: @Sendable (Int) -> Bool = { _ in false }

    init(_ op: Op, _ shapes: [Int]...) { (self.op, self.shapes) = (op, shapes) }

    var testDescription: String { "\(op) of \(shapes)" }

    func operands(seed: Int) -> [Grid] {
        var chance = Chance(seed)
        return shapes.enumerated().map { index, shape in
            var grid = chance.grid(shape)
            grid.values = grid.values.map { prepare(index, $0) }
            return grid
        }
    }
}

extension OpCase {
    static let convolutions: [OpCase] = [
        convolution([2, 9], 3, 5, [4]),
        convolution([3, 12], 4, 7, [3], strides: [2], padding: [Edges(1, 2)]),
        convolution([2, 14], 3, 2, [3], dilation: [2], padding: [Edges(4, 0)]),
        convolution([2, 28, 28], 1, 5, [3, 3]),
        convolution([2, 5, 6], 32, 34, [3, 3]),
        convolution([50, 4, 4], 3, 9, [3, 3], padding: [Edges(1, 1), Edges(1, 1)]),
        convolution([2, 30, 31], 3, 6, [5, 2], strides: [2, 3], padding: [Edges(0, 1), Edges(2, 0)]),
        convolution([2, 8, 9], 3, 4, [3, 3], dilation: [2, 1]),
        convolution([2, 8, 9], 3, 4, [3, 3], dilation: [1, 3], padding: [Edges(0, 0), Edges(3, 3)]),
        convolution([3, 6, 6], 8, 4, [1, 1]),
        convolution([3, 7, 7], 8, 40, [1, 1], strides: [2, 2]),
        convolution([2, 7, 7], 6, 9, [3, 3], groups: 3),
        convolution([2, 7, 7], 8, 4, [3, 2], padding: [Edges(1, 1), Edges(1, 0)], groups: 2),
        convolution([2, 9, 9], 5, 5, [3, 3], padding: [Edges(1, 1), Edges(1, 1)], groups: 5),
        convolution([2, 9, 9], 4, 12, [3, 3], strides: [2, 2], groups: 4),
        convolution([2, 9, 9], 18, 18, [3, 3], dilation: [2, 2], groups: 18),
        convolution([2, 5, 6, 4], 3, 4, [2, 3, 3], padding: [Edges(1, 0), Edges(1, 1), Edges(1, 1)]),
        convolution([1, 4, 4, 4], 2, 3, [2, 2, 2], strides: [2, 1, 2]),
        convolution([1, 3, 4, 3, 4], 2, 3, [2, 2, 1, 2]),
    ].flatMap { $0 }

    /// With a bias and without.
    private static func convolution(
        _ lengths: [Int], _ channels: Int, _ filters: Int, _ kernel: [Int], strides: [Int]? = nil, dilation: [Int]? = nil,
        padding: [Edges]? = nil, groups: Int = 1
    ) -> [OpCase] {
        let ones = [Int](repeating: 1, count: kernel.count)
        let op = Op.convolution(
            Convolution(
                strides: strides ?? ones, dilation: dilation ?? ones, padding: padding ?? kernel.map { _ in Edges.none }, groups: groups))
        let operands = [lengths + [channels], kernel + [channels / groups, filters]]
        var (plain, biased) = (OpCase(op), OpCase(op))
        plain.shapes = operands
        biased.shapes = operands + [[filters]]
        return [plain, biased]
    }

    static let transposedConvolutions: [OpCase] = [
        OpCase(transposed([2], [1], [0], [10]), [2, 4, 3], [3, 5, 3]),
        OpCase(transposed([2, 2], [1, 1], [0, 0], [8, 8]), [2, 4, 4, 3], [2, 2, 5, 3], [5]),
        OpCase(transposed([2, 2], [1, 1], [1, 1], [8, 8]), [2, 4, 4, 3], [4, 4, 5, 3]),
        OpCase(transposed([1, 2], [1, 1], [0, 1], [6, 9]), [1, 4, 4, 2], [3, 3, 4, 2], [4]),
        OpCase(transposed([1, 1], [2, 3], [1, 0], [6, 10]), [2, 3, 4, 2], [3, 3, 4, 2]),
        OpCase(transposed([3, 3], [1, 1], [0, 0], [13, 12]), [1, 4, 4, 2], [2, 2, 3, 2]),
        OpCase(transposed([2, 2, 1], [1, 1, 1], [0, 1, 0], [6, 5, 4]), [2, 3, 3, 3, 3], [2, 3, 2, 4, 3]),
    ]

    private static func transposed(_ strides: [Int], _ dilation: [Int], _ offset: [Int], _ output: [Int]) -> Op {
        .transposedConvolution(TransposedConvolution(strides: strides, dilation: dilation, offset: offset, output: output))
    }

    static let products: [OpCase] = [
        OpCase(.matrixMultiply, [1, 5], [5, 7]),
        OpCase(.matrixMultiply, [33, 24], [24, 10], [10]),
        OpCase(.matrixMultiply, [500, 3], [3, 2]),
        // A matrix that is read where it lies on the way back, its own gradient made piece by piece.
        OpCase(.matrixMultiply, [3, 1300], [1300, 40]),
        OpCase(.matrixMultiply, [2, 3, 4, 5], [5, 6], [6]),
        OpCase(.matrixMultiply, [2, 3, 4, 5], [2, 3, 5, 6]),
        OpCase(.matrixMultiply, [2, 3, 4, 5], [2, 1, 5, 6], [6]),
        OpCase(.matrixMultiply, [4, 5], [3, 5, 2]),
        OpCase(.matrixMultiply, [1, 3, 4, 5], [2, 1, 5, 6]),
        OpCase(.matrixMultiply, [4, 5], [1, 5, 2]),
    ]

    static let pools: [OpCase] = [Pool.Kind.max, .average].flatMap { kind in
        [
            OpCase(.pool(Pool(kind, window: [2], strides: [2], padding: [.none])), [2, 7, 3]),
            OpCase(.pool(Pool(kind, window: [2, 2], strides: [2, 2], padding: [.none, .none])), [2, 10, 12, 32]),
            OpCase(.pool(Pool(kind, window: [3, 2], strides: [1, 2], padding: [Edges(1, 1), Edges(0, 1)])), [2, 7, 9, 5]),
            OpCase(.pool(Pool(kind, window: [3, 3], strides: [2, 2], padding: [Edges(1, 1), Edges(1, 1)])), [2, 2, 11, 17]),
            OpCase(
                .pool(Pool(kind, window: [2, 3, 2], strides: [2, 1, 1], padding: [Edges(1, 0), Edges(1, 1), .none])), [2, 5, 4, 3, 2]),
        ]
    }

    static let unaries: [OpCase] =
        [
            .negate, .abs, .square, .exp, .expm1, .sin, .cos, .sign, .floor, .ceil, .round, .tanh, .sigmoid, .logSigmoid, .softplus,
            .softsign,
            .erf, .erfc, .selu, .silu, .mish, .tanhShrink, .sparseSigmoid, .sparsePlus, .hardTanh, .elu(alpha: 0.7), .celu(alpha: 1.3),
            .gelu(approximate: true), .gelu(approximate: false), .hardSigmoid(slope: 0.2), .hardSilu(slope: 1.0 / 6),
            .hardShrink(threshold: 0.5),
            .softShrink(threshold: 0.4), .threshold(0.3, value: -7), .squareplus(b: 4), .relu(), .relu(slope: 0.1),
            .relu(slope: 0.2, threshold: 0.5, maximum: 1.5), .relu(maximum: 1), .clamp(low: -0.5, high: 1), .affine(scale: 3, offset: -2),
            .power(2), .power(3),
        ].map { OpCase(.unary($0), [3, 37]) }
        + [Unary.sqrt, .rsqrt, .reciprocal, .log, .log1p, .power(0.5)].map { unary in
            var positive = OpCase(.unary(unary), [5, 21])
            positive.prepare = { abs($1) + 0.1 }
            return positive
        }

    static let binaries: [OpCase] = [
        Binary.add, .subtract, .multiply, .divide, .maximum, .minimum, .squaredDifference, .equal, .notEqual, .less, .lessOrEqual, .greater,
        .greaterOrEqual, .prelu, .gate, .power,
    ].flatMap { kind in
        [
            ([3, 4, 5], [3, 4, 5]), ([3, 4, 5], [5]), ([5], [3, 4, 5]), ([3, 4, 5], []), ([3, 4, 5], [1, 4, 1]), ([3, 1, 5], [1, 4, 5]),
            ([3, 1, 5, 1], [4, 1, 6]), ([1], [1, 1]), ([], []),
        ].map { a, b in
            var made = OpCase(.binary(kind), a, b)
            // Coarse, so that some are equal; positive bases, so that every power is a number; no division by nothing.
            made.prepare = { index, x in
                let coarse = (x * 2).rounded() / 2
                return kind == .power ? (index == 0 ? abs(x) + 0.1 : x) : kind == .divide && index == 1 ? x + 3 : coarse
            }
            return made
        }
    }

    static let reductions: [OpCase] = [Reduction.sum, .mean, .max, .min, .product, .sumOfSquares].flatMap { kind in
        [[0], [2], [0, 1], [1, 2], [1], [0, 2], [0, 1, 2], []].flatMap { axes in
            [true, false].map { OpCase(.reduce(kind, axes: axes, keepDims: $0), [4, 3, 5]) }
        } + [
            OpCase(.reduce(kind, axes: [1, 3], keepDims: false), [2, 3, 2, 3]),
            OpCase(.reduce(kind, axes: [0, 2], keepDims: true), [3, 1, 4]),
        ]
    }

    static let rows: [OpCase] = [
        OpCase(.softmax(axis: 1), [4, 10]), OpCase(.softmax(axis: 0), [4, 10]), OpCase(.softmax(axis: 1), [3, 4, 5]),
        OpCase(.logSoftmax(axis: 2), [2, 3, 20]), OpCase(.logSoftmax(axis: 0), [6, 2, 2]), OpCase(.sparsemax, [5, 6]),
        OpCase(.sparsemax, [2, 3, 1]),
    ]

    static let moves: [OpCase] = [
        OpCase(.reshape([6, 4]), [2, 3, 4]),
        OpCase(.transpose([1, 0]), [5, 7]), OpCase(.transpose([0, 2, 3, 1]), [2, 3, 4, 5]), OpCase(.transpose([2, 0, 1]), [3, 4, 5]),
        OpCase(.transpose([2, 1, 0]), [17, 2, 18]), OpCase(.transpose([0, 2, 1, 3]), [2, 3, 4, 5]), OpCase(.transpose([0, 1]), [3, 4]),
        OpCase(.transpose([3, 1, 0, 2]), [2, 3, 4, 5]),
        OpCase(.reverse([0]), [5]), OpCase(.reverse([0, 1]), [3, 3, 2, 4]), OpCase(.reverse([2]), [3, 4, 5]), OpCase(.reverse([]), [2, 3]),
        OpCase(.pad([Edges(1, 2), Edges(0, 3), .none], value: 0), [2, 3, 4]), OpCase(.pad([.none, Edges(2, 0)], value: -1.5), [3, 2]),
        OpCase(.slice(starts: [0, 1, 2], sizes: [2, 2, 1]), [2, 4, 3]), OpCase(.slice(starts: [1, 0], sizes: [2, 5]), [4, 5]),
        OpCase(.concatenate(axis: 1), [2, 3, 4], [2, 1, 4], [2, 0, 4]), OpCase(.concatenate(axis: 0), [1, 2], [3, 2]),
        OpCase(.concatenate(axis: 2), [2, 3, 4], [2, 3, 5]),
        OpCase(.repeatElements(axis: 1, count: 3), [2, 3, 4]), OpCase(.repeatElements(axis: 2, count: 2), [2, 3, 4]),
        OpCase(.repeatElements(axis: 0, count: 2), [2, 1]),
        OpCase(.stopGradient, [3, 4]), OpCase(.broadcast([3, 2, 4]), [2, 1]), OpCase(.broadcast([2, 5]), []),
        OpCase(.broadcast([4, 3, 2]), [4, 1, 2]),
    ]

    static let gathers: [OpCase] = [([7, 5], [3, 4]), ([4], [6]), ([3, 2, 2], [])].map { table, indices in
        var made = OpCase(.gather, table, indices)
        made.isIndex = { $0 == 1 }
        made.prepare = { index, x in index == 1 ? Double(Int(abs(x) * 1000) % table[0]) : x }
        return made
    }

    static let picks: [OpCase] = [([3, 4, 7], [3, 4, 5]), ([2, 4], [2, 6]), ([5], [3])].map { x, places in
        var made = OpCase(.pick, x, places)
        made.isIndex = { $0 == 1 }
        made.prepare = { index, number in index == 1 ? Double(Int(abs(number) * 1000) % x.last!) : number }
        return made
    }

    /// Coarse, so that some are equal.
    static let orders: [OpCase] = [true, false].flatMap { isDescending in
        [[4, 9], [3, 2, 40], [6], [2, 1]].map { shape in
            var made = OpCase(.order(isDescending: isDescending), shape)
            made.prepare = { ($1 * 4).rounded() / 4 }
            return made
        }
    }

    static let casts: [OpCase] = [OpCase(.cast(.float64), [7]), OpCase(.cast(.int32), [9]), OpCase(.cast(.bool), [9])].map { cast in
        var cast = cast
        cast.prepare = { ($1 * 2).rounded() * 0.75 }
        return cast
    }

    static let all =
        convolutions + transposedConvolutions + products + pools + unaries + binaries + reductions + rows + moves + gathers + picks + orders
        + casts
}
