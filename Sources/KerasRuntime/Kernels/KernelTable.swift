internal import CKernels
import KerasModel

/// One instruction set's kernels over one element type. `CKernels.h` says what each one means.
///
/// Function pointers of C cannot be generic, so the two tables stand behind one protocol.
protocol KernelTable: Sendable {
    associatedtype Scalar: ComputeScalar
    typealias Source = UnsafePointer<Scalar>
    typealias Target = UnsafeMutablePointer<Scalar>

    var name: String { get }

    func packedSize(_ k: Int, _ n: Int) -> Int
    func pack(_ k: Int, _ n: Int, _ b: Source, rowStride: Int, columnStride: Int, _ packed: Target)
    func gemm(
        _ m: Int, _ n: Int, _ a: WindowRows<Scalar>, _ packed: Source, _ epilogue: ProductEpilogue<Scalar>, _ out: Target, outStride: Int)
    func gemmLine(
        _ m: Int, _ n: Int, _ a: WindowLine<Scalar>, _ packed: Source, _ epilogue: ProductEpilogue<Scalar>, _ out: Target, outStride: Int)
    func outerProduct(_ m: Int, _ n: Int, _ a: WindowRows<Scalar>, _ dy: Source, stride: Int, _ dw: Target)
    func winogradWeights(_ size: Int, _ count: Int, _ kernel: Source, tap: Int, _ u: Target, step: Int)
    func winogradInput(
        _ size: Int, _ tiles: UnsafePointer<kk_tile>, _ count: Int, _ image: Source, rowStride: Int, pixelStride: Int,
        channels: Int, _ v: Planes<Scalar>)
    func winogradOutput(
        _ size: Int, _ tiles: UnsafePointer<kk_tile>, _ count: Int, _ products: Planes<Scalar>, _ n: Int,
        _ epilogue: ProductEpilogue<Scalar>, _ out: Target, rowStride: Int, pixelStride: Int)
    func winogradOutputGradient(
        _ size: Int, _ tiles: UnsafePointer<kk_tile>, _ count: Int, _ dy: Source, rowStride: Int, pixelStride: Int, _ n: Int,
        _ z: Planes<Scalar>)
    func winogradWeightsGradient(_ size: Int, _ count: Int, _ du: Source, step: Int, _ dw: Target, tap: Int)
    func depthwiseLine(
        _ shape: DepthwiseLine, _ lines: UnsafePointer<Source?>, _ weights: Source, _ bias: Source?, _ clamp: Clamp<Scalar>, _ out: Target)
    func maxPool(_ x: Source, _ windows: PoolWindows, channels: Int, _ out: Target)
    func maxPoolGradient(_ x: Source, _ windows: PoolWindows, channels: Int, _ y: Source, _ dy: Source, _ dx: Target)
    func sumPool(_ x: Source, _ windows: PoolWindows, channels: Int, divisor: Scalar, _ out: Target)
    func unary(_ kernel: UnaryKernel, _ x: Source, _ y: Target, _ n: Int)
    func binary(_ kind: Binary, _ a: Source, step aStep: Int, _ b: Source, step bStep: Int, _ out: Target, _ n: Int)
    func scaleShift(_ x: Source, rows: Int, _ n: Int, _ scale: Source, _ shift: Source, _ clamp: Clamp<Scalar>, _ y: Target)
    func softmax(_ x: Source, _ y: Target, rows: Int, _ n: Int)
    func logSoftmax(_ x: Source, _ y: Target, rows: Int, _ n: Int)
    func reduceRows(_ kind: Reduction, _ x: Source, rows: Int, _ n: Int, _ y: Target)
    func reduceColumns(_ kind: Reduction, _ x: Source, rows: Int, _ n: Int, _ y: Target)
    func transpose(_ x: Source, rows: Int, columns: Int, _ y: Target, stride: Int)
    func gather(_ table: Source, width: Int, _ indices: UnsafePointer<Int32>, _ count: Int, _ out: Target)
    func scatterAddRows(_ x: Source, step: Int, _ out: Target, outStep: Int, _ count: Int, channels: Int)
}

/// Rows of A as a window sees them: each row pointer plus each tap's offset begins `tapLength` numbers.
struct WindowRows<T> {
    let rows: UnsafePointer<UnsafePointer<T>>
    let taps: Int
    let tapOffsets: UnsafePointer<Int>
    let tapLength: Int

    /// Moves the first `count` rows on, in place: to the channels of the next group.
    func advance(by distance: Int, _ count: Int) {
        let table = UnsafeMutablePointer(mutating: rows)
        for index in 0..<count { table[index] += distance }
    }
}

/// Rows of A that lie evenly: each begins `step` numbers after the one before. Where four give one result, two of them do so, and the
/// other two `lineStep` numbers after those.
struct WindowLine<T> {
    let first: UnsafePointer<T>
    let step: Int
    let lineStep: Int
    let taps: Int
    let tapOffsets: UnsafePointer<Int>
    let tapLength: Int
}

/// What an epilogue confines results to.
struct Clamp<T> {
    let low: T
    let high: T
}

/// What becomes of a product's sums before they are stored.
struct ProductEpilogue<T> {
    var bias: UnsafePointer<T>?
    var addend: UnsafePointer<T>?
    /// From one of its rows to the next; 0 where it is laid out as the result.
    var addendStride = 0
    var clamp: Clamp<T>
    /// 1; or 4 where each four results that belong together give their largest.
    var pool = 1
}

extension ProductEpilogue where T: BinaryFloatingPoint {
    /// The sums as they are.
    static var plain: ProductEpilogue { ProductEpilogue(clamp: Clamp(low: -.infinity, high: .infinity)) }
}

/// The planes of a Winograd convolution: rows `stride` numbers apart in each, planes `step` apart.
struct Planes<T> {
    let base: UnsafeMutablePointer<T>
    let step: Int
    let stride: Int
}

/// `count` windows `step` numbers apart, each of up to three axes of cells.
struct PoolWindows: Sendable {
    let count: Int
    let step: Int
    /// Cells along the three axes, outermost first; 1 where there is no such axis.
    let cells: (Int, Int, Int)
    /// From cell to cell along each axis, in numbers.
    let pitches: (Int, Int, Int)
}

/// `count` windows of a depthwise convolution along a line of the output. A window is `taps` lines of `cells` cells; the first window's
/// first cell is `first` of a line of `width`, and negative where it is padding.
struct DepthwiseLine: Sendable {
    let count: Int
    let taps: Int
    let cells: Int
    let stride: Int
    let dilation: Int
    let first: Int
    let width: Int
    let channels: Int
    let multiplier: Int
}
