import Tensors

/// The primitives: what every layer is lowered to, and all that the runtime must know.
///
/// A primitive has one meaning for every generation of Keras: what differs between them is spelled out in its values. Spatial axes stand
/// between the batch and the channels (`channels_first` is lowered to a transposition on either side). Axis letters: n batch, s… spatial,
/// c channels, f filters, k… kernel.
public enum Op: Hashable, Sendable {
    /// `x (n, s…, c)`, `kernel (k…, c / groups, f)`, optional `bias (f)` → `(n, s'…, f)`. Correlation: the kernel is not flipped.
    case convolution(Convolution)
    /// `x (n, s…, c)`, `kernel (k…, f, c)`, optional `bias (groups · f)` → `(n, output…, groups · f)`.
    case transposedConvolution(TransposedConvolution)
    /// `a (…, m, k)`, `b (…, k, n)`, optional `bias (n)` → `(…, m, n)`. Leading axes broadcast; a `b` of rank 2 serves every matrix of `a`.
    case matrixMultiply
    /// `x (n, s…, c)` → `(n, s'…, c)`.
    case pool(Pool)
    /// Element by element.
    case unary(Unary)
    /// Element by element over two operands, broadcast as numpy does.
    case binary(Binary)
    /// Over `axes` (ascending), which become 1 if kept.
    case reduce(Reduction, axes: [Int], keepDims: Bool)
    case softmax(axis: Int)
    case logSoftmax(axis: Int)
    /// Along the last axis, with the threshold as Keras 3 computes it: not quite the projection on the simplex it is named after.
    case sparsemax
    case reshape(Shape)
    /// Output axis i is input axis `axes[i]`, as `numpy.transpose`.
    case transpose([Int])
    /// The cells along these axes in the opposite order, as `numpy.flip`.
    case reverse([Int])
    /// Constant cells round each axis.
    case pad([Edges], value: Double)
    /// `sizes[i]` elements of each axis from `starts[i]` on.
    case slice(starts: [Int], sizes: [Int])
    case concatenate(axis: Int)
    /// `table (rows, …)`, `indices (i…)` of int32 → `(i…, …)`: rows looked up. The runtime refuses an index outside,
    /// as TensorFlow does on a CPU.
    case gather
    /// `x (…, n)` → `(…, n)` of int32: where the numbers of each row stand in their order, equal ones as they come, NaN last.
    case order(isDescending: Bool)
    /// `x (…, n)`, `places (…, k)` of int32 → `(…, k)`: numbers of each row looked up. The runtime refuses a place outside.
    case pick
    /// `x` as it is; nothing goes back through it.
    case stopGradient
    /// Each element of `axis` `count` times in a row, as `numpy.repeat`.
    case repeatElements(axis: Int, count: Int)
    case broadcast(Shape)
    case cast(DType)
    /// Steps along the second axis of sequences `(n, t, …)`, each with the states the one before it left: the one primitive of several results.
    case scan(Scan)

    /// `seed (4)` of int32 → `shape`: random numbers that hang on the seed (its low and high half, and the number of the step), the stream and
    /// their place alone. The seed's last number says how many rows stand before the first one here.
    case random(Random, Shape)

    // What the gradients of others are made of; these have none themselves.

    /// `x (n, s…, c)`, `dy (n, s'…, f)` → `(k…, c / groups, f)`: what the kernel of a convolution gets from `dy`; `kernel` is k….
    case convolutionKernelGradient(Convolution, kernel: [Int])
    /// `dy (n, s'…, c)` → `(n, s…, c)`, the `input`'s shape. A maximum takes `x` and `y` after it: its first cell gets all, as in TensorFlow.
    case poolGradient(Pool, input: Shape)
    /// `dy (i…, …)`, `indices (i…)` → `(rows, …)`: the rows that were looked up, added up in the order of the indices.
    case scatterAdd(rows: Int)
    /// `dy (…, n)`, `x (…, n)` → `(…, n)`.
    case sparsemaxGradient
    /// `dy (…, k)`, `places (…, k)` → `(…, length)`: the numbers that were picked, added up in the order of the places.
    case pickGradient(length: Int)
}

/// Cells added before and after along one axis.
public struct Edges: Hashable, Sendable {
    public var before: Int
    public var after: Int
    public init(_ before: Int, _ after: Int) {
        self.before = before
        self.after = after
    }
    public static let none = Edges(0, 0)
    public var total: Int { before + after }
}

/// A convolution over r spatial axes; each list has r entries.
public struct Convolution: Hashable, Sendable {
    public var strides: [Int]
    public var dilation: [Int]
    /// Zeros round the input.
    public var padding: [Edges]
    /// Output channels of group g see the input channels of group g alone. `groups == c` is the depthwise convolution.
    public var groups: Int

    public init(strides: [Int], dilation: [Int], padding: [Edges], groups: Int = 1) {
        self.strides = strides
        self.dilation = dilation
        self.padding = padding
        self.groups = groups
    }
}

/// The gradient of a convolution: `full[i·stride + k·dilation] += x[i] · kernel[k]`, then `output` cells from `offset` on (zeros past the end).
public struct TransposedConvolution: Hashable, Sendable {
    public var strides: [Int]
    public var dilation: [Int]
    public var offset: [Int]
    public var output: [Int]
    /// The channels of group g go to the filters of group g alone: the result has `groups · f` channels.
    public var groups: Int

    public init(strides: [Int], dilation: [Int], offset: [Int], output: [Int], groups: Int = 1) {
        self.strides = strides
        self.dilation = dilation
        self.offset = offset
        self.output = output
        self.groups = groups
    }
}

/// Windows over r spatial axes. Padding never counts: a maximum ignores it, an average divides by the number of real cells.
public struct Pool: Hashable, Sendable {
    public enum Kind: Hashable, Sendable { case max, average }
    public var kind: Kind
    public var window: [Int]
    public var strides: [Int]
    public var padding: [Edges]

    public init(_ kind: Kind, window: [Int], strides: [Int], padding: [Edges]) {
        self.kind = kind
        self.window = window
        self.strides = strides
        self.padding = padding
    }
}

/// Numbers drawn anew at each run. Streams of one seed have nothing to do with each other.
public struct Random: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// Even over [0, 1).
        case uniform
        /// Mean 0 and variance 1.
        case normal
        /// 0 with this probability, else `1 / (1 − rate)`.
        case dropout(rate: Double)
    }
    public var kind: Kind
    public var stream: Int
    /// In place of the operand's first two numbers.
    public var seed: Int?
    /// The numbers' type.
    public var dtype: DType

    public init(_ kind: Kind, stream: Int, seed: Int? = nil, dtype: DType = .float32) {
        self.kind = kind
        self.stream = stream
        self.seed = seed
        self.dtype = dtype
    }
}

/// Functions of one number.
public enum Unary: Hashable, Sendable {
    case negate, abs, square, sqrt, rsqrt, reciprocal, exp, expm1, log, log1p, sin, cos, sign, floor, ceil
    /// Half to even.
    case round
    case tanh, sigmoid, logSigmoid, softplus, softsign, erf, erfc, selu, silu, mish, tanhShrink, sparseSigmoid, sparsePlus, hardTanh
    case elu(alpha: Double)
    case celu(alpha: Double)
    case gelu(approximate: Bool)
    /// `clip(slope · x + offset, 0, 1)`: slope 1/6 in Keras 3, 1/5 before; offset 1/2.
    case hardSigmoid(slope: Double)
    /// `x · hardSigmoid(x)`.
    case hardSilu(slope: Double)
    case hardShrink(threshold: Double)
    case softShrink(threshold: Double)
    /// `x > threshold ? x : value`.
    case threshold(Double, value: Double)
    case squareplus(b: Double)
    /// Keras's ReLU: `x ≤ threshold → slope · (x − threshold)`, else x; at most `maximum`.
    case relu(slope: Double = 0, threshold: Double = 0, maximum: Double = .infinity)
    /// NaN stays NaN.
    case clamp(low: Double, high: Double)
    /// `scale · x + offset`.
    case affine(scale: Double, offset: Double)
    case power(Double)
}

/// Functions of two numbers. Comparisons give 1 or 0.
public enum Binary: Hashable, Sendable {
    case add, subtract, multiply, divide, maximum, minimum, power, squaredDifference
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    /// `x < 0 ? alpha · x : x` of x and alpha.
    case prelu
    /// `b > 0 ? a : 0`: what goes back through a ReLU.
    case gate
}

public enum Reduction: Hashable, Sendable { case sum, mean, max, min, product, sumOfSquares }
