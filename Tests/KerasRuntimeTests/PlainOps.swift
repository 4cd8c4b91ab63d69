import KerasModel
import Tensors

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The primitives' meanings, written out as plainly as they can be: nothing here is shared with the runtime.
enum Plain {
    static func run(_ op: Op, _ x: [Grid]) -> Grid {
        switch op {
        case .convolution(let c): convolution(c, x)
        case .transposedConvolution(let c): transposedConvolution(c, x)
        case .matrixMultiply: matrixMultiply(x)
        case .pool(let p): pool(p, x[0])
        case .unary(let kind): Grid(x[0].shape, x[0].values.map { unary(kind, $0) })
        case .binary(let kind): binary(kind, x[0], x[1])
        case .reduce(let kind, let axes, let keepDims): reduce(kind, axes, keepDims, x[0])
        case .softmax(let axis): softmax(axis, x[0])
        case .logSoftmax(let axis):
            {
                var y = softmax(axis, x[0]); y.values = y.values.map { log($0) }; return y
            }()
        case .sparsemax: sparsemax(x[0])
        case .reshape(let shape): Grid(shape.dims, x[0].values)
        case .transpose(let axes):
            Grid(axes.map { x[0].shape[$0] }) { at in
                var from = at
                for (i, axis) in axes.enumerated() { from[axis] = at[i] }
                return x[0][from]
            }
        case .reverse(let axes):
            Grid(x[0].shape) { at in x[0][at.enumerated().map { axes.contains($0) ? x[0].shape[$0] - 1 - $1 : $1 }] }
        case .scan: fatalError("loops have several results: ScanTests")
        case .random: fatalError("random numbers have no operands to be checked by: RandomTests")
        case .pad(let edges, let value):
            Grid(zip(x[0].shape, edges).map { $0 + $1.before + $1.after }) { at in
                let from = zip(at, edges).map { $0 - $1.before }
                return x[0].contains(from) ? x[0][from] : value
            }
        case .slice(let starts, let sizes): Grid(sizes) { at in x[0][zip(at, starts).map { $0 + $1 }] }
        case .concatenate(let axis): concatenate(axis, x)
        case .gather:
            Grid(x[1].shape + x[0].shape.dropFirst()) { at in
                x[0][[Int(x[1][Array(at.prefix(x[1].shape.count))])] + at.dropFirst(x[1].shape.count)]
            }
        case .repeatElements(let axis, let count):
            Grid(x[0].shape.enumerated().map { $0 == axis ? $1 * count : $1 }) { at in
                x[0][at.enumerated().map { $0 == axis ? $1 / count : $1 }]
            }
        case .broadcast(let shape): Grid(shape.dims) { at in stretched(x[0], at) }
        case .order(let isDescending):
            Grid(
                x[0].shape,
                Grid.positions(x[0].shape.dropLast()).flatMap { at -> [Double] in
                    let row = (0..<x[0].shape.last!).map { x[0][at + [$0]] }
                    return row.indices.sorted { a, b in
                        row[a] == row[b] ? a < b : isDescending ? row[a] > row[b] : row[a] < row[b]
                    }.map(Double.init)
                })
        case .pick: Grid(x[1].shape) { at in x[0][at.dropLast() + [Int(x[1][at])]] }
        case .stopGradient: x[0]
        case .convolutionKernelGradient, .poolGradient, .scatterAdd, .sparsemaxGradient, .pickGradient:
            fatalError("checked by differences: GradientTests")
        case .cast(let dtype):
            Grid(x[0].shape, x[0].values.map { dtype.isFloatingPoint ? $0 : dtype == .bool ? ($0 == 0 ? 0 : 1) : $0.rounded(.towardZero) })
        }
    }

    /// The element that stands at `at` after broadcasting.
    private static func stretched(_ x: Grid, _ at: [Int]) -> Double {
        x[zip(at.suffix(x.shape.count), x.shape).map { $1 == 1 ? 0 : $0 }]
    }

    private static func convolution(_ c: Convolution, _ x: [Grid]) -> Grid {
        let (image, kernel, rank) = (x[0], x[1], c.strides.count)
        let cells = Array(kernel.shape[..<rank])
        let (perGroup, filters) = (kernel.shape[rank], kernel.shape[rank + 1])
        let spatial = (0..<rank).map { (axis: Int) -> Int in
            let length = image.shape[axis + 1] + c.padding[axis].before + c.padding[axis].after
            let extent = (cells[axis] - 1) * c.dilation[axis] + 1
            return (length - extent) / c.strides[axis] + 1
        }
        return Grid([image.shape[0]] + spatial + [filters]) { at in
            let (pixel, filter) = (Array(at[1...rank]), at[rank + 1])
            let group = filter / (filters / c.groups)
            var sum = x.count > 2 ? x[2].values[filter] : 0
            for cell in Grid.positions(cells) {
                let from = (0..<rank).map { (axis: Int) -> Int in
                    let start = pixel[axis] * c.strides[axis]
                    return start + cell[axis] * c.dilation[axis] - c.padding[axis].before
                }
                for channel in 0..<perGroup {
                    sum += image[[at[0]] + from + [group * perGroup + channel]] * kernel[cell + [channel, filter]]
                }
            }
            return sum
        }
    }

    private static func transposedConvolution(_ c: TransposedConvolution, _ x: [Grid]) -> Grid {
        let (image, kernel, rank) = (x[0], x[1], c.strides.count)
        let cells = Array(kernel.shape[..<rank])
        var y = Grid([image.shape[0]] + c.output + [kernel.shape[rank]]) { x.count > 2 ? x[2].values[$0[rank + 1]] : 0 }
        for at in Grid.positions(image.shape) {
            for cell in Grid.positions(cells) {
                let target = (0..<rank).map { (axis: Int) -> Int in
                    let start = at[axis + 1] * c.strides[axis]
                    return start + cell[axis] * c.dilation[axis] - c.offset[axis]
                }
                guard (0..<rank).allSatisfy({ target[$0] >= 0 && target[$0] < c.output[$0] }) else { continue }
                for filter in 0..<kernel.shape[rank] {
                    let index = zip([at[0]] + target + [filter], y.shape).reduce(0) { $0 * $1.1 + $1.0 }
                    y.values[index] += image[at] * kernel[cell + [filter, at[rank + 1]]]
                }
            }
        }
        return y
    }

    private static func matrixMultiply(_ x: [Grid]) -> Grid {
        let (a, b) = (x[0], x[1])
        let (m, k, n) = (a.shape[a.shape.count - 2], a.shape.last!, b.shape.last!)
        let leading = broadcast(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
        return Grid(leading + [m, n]) { at in
            let (head, i, j) = (Array(at.dropLast(2)), at[at.count - 2], at.last!)
            return (0..<k).reduce(x.count > 2 ? x[2].values[j] : 0) { sum, l in
                sum + stretched(a, head + [i, l]) * stretchedMatrix(b, head, l, j)
            }
        }
    }

    private static func stretchedMatrix(_ b: Grid, _ head: [Int], _ i: Int, _ j: Int) -> Double {
        let own = b.shape.dropLast(2)
        return b[zip(head.suffix(own.count), own).map { $1 == 1 ? 0 : $0 } + [i, j]]
    }

    private static func broadcast(_ a: [Int], _ b: [Int]) -> [Int] {
        let rank = max(a.count, b.count)
        let (a, b) = ([Int](repeating: 1, count: rank - a.count) + a, [Int](repeating: 1, count: rank - b.count) + b)
        return zip(a, b).map { $0 == 1 ? $1 : $0 }
    }

    private static func pool(_ p: Pool, _ x: Grid) -> Grid {
        let rank = p.window.count
        let spatial = (0..<rank).map { (axis: Int) -> Int in
            let length = x.shape[axis + 1] + p.padding[axis].before + p.padding[axis].after
            return (length - p.window[axis]) / p.strides[axis] + 1
        }
        return Grid([x.shape[0]] + spatial + [x.shape[rank + 1]]) { at in
            let positions = Grid.positions(p.window).map { (cell: [Int]) -> [Int] in
                let pixel = (0..<rank).map { (axis: Int) -> Int in at[axis + 1] * p.strides[axis] + cell[axis] - p.padding[axis].before }
                return [at[0]] + pixel + [at[rank + 1]]
            }
            let cells = positions.filter(x.contains).map { x[$0] }
            return p.kind == .max ? cells.max()! : cells.reduce(0, +) / Double(cells.count)
        }
    }

    private static func binary(_ kind: Binary, _ a: Grid, _ b: Grid) -> Grid {
        Grid(broadcast(a.shape, b.shape)) { at in
            let (x, y) = (stretched(a, at), stretched(b, at))
            return switch kind {
            case .add: x + y
            case .subtract: x - y
            case .multiply: x * y
            case .divide: x / y
            case .maximum: max(x, y)
            case .minimum: min(x, y)
            case .power: pow(x, y)
            case .squaredDifference: (x - y) * (x - y)
            case .equal: x == y ? 1 : 0
            case .notEqual: x != y ? 1 : 0
            case .less: x < y ? 1 : 0
            case .lessOrEqual: x <= y ? 1 : 0
            case .greater: x > y ? 1 : 0
            case .greaterOrEqual: x >= y ? 1 : 0
            case .prelu: x < 0 ? x * y : x
            case .gate: y > 0 ? x : 0
            }
        }
    }

    private static func reduce(_ kind: Reduction, _ axes: [Int], _ keepDims: Bool, _ x: Grid) -> Grid {
        let full = x.shape.enumerated().map { axes.contains($0) ? 1 : $1 }
        let reduced = Grid(full) { at in
            let cells = Grid.positions(axes.map { x.shape[$0] }).map { cell in
                var from = at
                for (i, axis) in axes.enumerated() { from[axis] = cell[i] }
                return x[from]
            }
            return switch kind {
            case .sum: cells.reduce(0, +)
            case .mean: cells.reduce(0, +) / Double(cells.count)
            case .max: cells.max()!
            case .min: cells.min()!
            case .product: cells.reduce(1, *)
            case .sumOfSquares: cells.reduce(0) { $0 + $1 * $1 }
            }
        }
        return keepDims ? reduced : Grid(x.shape.indices.filter { !axes.contains($0) }.map { x.shape[$0] }, reduced.values)
    }

    private static func softmax(_ axis: Int, _ x: Grid) -> Grid {
        Grid(x.shape) { at in
            let row = (0..<x.shape[axis]).map { index -> Double in
                var from = at
                from[axis] = index
                return exp(x[from])
            }
            return row[at[axis]] / row.reduce(0, +)
        }
    }

    /// The threshold is found by halving: the results must add up to 1.
    private static func sparsemax(_ x: Grid) -> Grid {
        let length = x.shape.last!
        return Grid(x.shape) { at in
            let row = (0..<length).map { x[at.dropLast() + [$0]] }
            let ordered = row.sorted(by: >)
            let sums = (1...length).map { ordered.prefix($0).reduce(0, +) }
            let supported = (0..<length).filter { ordered[$0] - (sums[$0] - 1) / Double($0 + 1) > 0 }
            let threshold = (supported.reduce(0) { $0 + sums[$1] } - 1) / Double(supported.count)
            return max(x[at] - threshold, 0)
        }
    }

    private static func concatenate(_ axis: Int, _ x: [Grid]) -> Grid {
        var shape = x[0].shape
        shape[axis] = x.reduce(0) { $0 + $1.shape[axis] }
        return Grid(shape) { at in
            var at = at
            for part in x {
                if at[axis] < part.shape[axis] { return part[at] }
                at[axis] -= part.shape[axis]
            }
            return .nan
        }
    }

    // One case per function.
    private static func unary(_ kind: Unary, _ x: Double) -> Double {
        func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        func clip(_ x: Double, _ low: Double, _ high: Double) -> Double { x < low ? low : x > high ? high : x }
        switch kind {
        case .negate: return -x
        case .abs: return abs(x)
        case .square: return x * x
        case .sqrt: return x.squareRoot()
        case .rsqrt: return 1 / x.squareRoot()
        case .reciprocal: return 1 / x
        case .exp: return exp(x)
        case .expm1: return exp(x) - 1
        case .log: return log(x)
        case .log1p: return log(1 + x)
        case .sin: return sin(x)
        case .cos: return cos(x)
        case .sign: return x > 0 ? 1 : x < 0 ? -1 : 0
        case .floor: return x.rounded(.down)
        case .ceil: return x.rounded(.up)
        case .round: return x.rounded(.toNearestOrEven)
        case .tanh: return tanh(x)
        case .sigmoid: return sigmoid(x)
        case .logSigmoid: return log(sigmoid(x))
        case .softplus: return log(1 + exp(x))
        case .softsign: return x / (1 + abs(x))
        case .erf: return erf(x)
        case .erfc: return erfc(x)
        case .selu: return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (exp(x) - 1))
        case .silu: return x * sigmoid(x)
        case .mish: return x * tanh(log(1 + exp(x)))
        case .tanhShrink: return x - tanh(x)
        case .sparseSigmoid: return clip((x + 1) / 2, 0, 1)
        case .sparsePlus: return x <= -1 ? 0 : x < 1 ? (x + 1) * (x + 1) / 4 : x
        case .hardTanh: return clip(x, -1, 1)
        case .elu(let alpha): return x > 0 ? x : alpha * (exp(x) - 1)
        case .celu(let alpha): return x > 0 ? x : alpha * (exp(x / alpha) - 1)
        case .gelu(false): return x / 2 * erfc(-x / 2.0.squareRoot())
        case .gelu(true): return x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        case .hardSigmoid(let slope): return clip(slope * x + 0.5, 0, 1)
        case .hardSilu(let slope): return x * clip(slope * x + 0.5, 0, 1)
        case .hardShrink(let threshold): return abs(x) > threshold ? x : 0
        case .softShrink(let threshold): return x > threshold ? x - threshold : x < -threshold ? x + threshold : 0
        case .threshold(let threshold, let value): return x > threshold ? x : value
        case .squareplus(let b): return (x + (x * x + b).squareRoot()) / 2
        case .relu(let slope, let threshold, let maximum): return min(x > threshold ? x : slope * (x - threshold), maximum)
        case .clamp(let low, let high): return clip(x, low, high)
        case .affine(let scale, let offset): return scale * x + offset
        case .power(let exponent): return pow(x, exponent)
        }
    }
}
