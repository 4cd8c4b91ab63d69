internal import CKernels
import KerasModel
import Tensors

extension Float: ComputeScalar {
    static func kernels(_ options: RuntimeOptions) throws -> FloatKernels {
        guard let isa = options.reference ? "generic" : options.isa else { return FloatKernels(table: kk_table_f32_best()) }
        guard let table = kk_table_f32_named(isa) else {
            throw KerasError(.unsupported, "this processor has no such instruction set", found: isa)
        }
        return FloatKernels(table: table)
    }
}

/// Single precision: a table per instruction set.
struct FloatKernels: KernelTable, @unchecked Sendable {
    typealias Scalar = Float

    /// Sound to share: the tables are constants.
    let table: UnsafePointer<kk_table_f32>

    var name: String { String(cString: table.pointee.name) }

    func packedSize(_ k: Int, _ n: Int) -> Int { table.pointee.packed_size(k, n) }

    func pack(_ k: Int, _ n: Int, _ b: Source, rowStride: Int, columnStride: Int, _ packed: Target) {
        table.pointee.pack(k, n, b, rowStride, columnStride, packed)
    }

    func gemm(
        _ m: Int, _ n: Int, _ a: WindowRows<Float>, _ packed: Source, _ epilogue: ProductEpilogue<Float>, _ out: Target, outStride: Int
    ) {
        var epilogue = kk_epilogue_f32(epilogue)
        table.pointee.gemm(m, n, a.rows, a.taps, a.tapOffsets, a.tapLength, packed, &epilogue, out, outStride)
    }

    func gemmLine(
        _ m: Int, _ n: Int, _ a: WindowLine<Float>, _ packed: Source, _ epilogue: ProductEpilogue<Float>, _ out: Target, outStride: Int
    ) {
        var epilogue = kk_epilogue_f32(epilogue)
        table.pointee.gemm_line(
            m, n, a.first, a.step, a.lineStep, a.taps, a.tapOffsets, a.tapLength, packed, &epilogue, out, outStride)
    }

    func outerProduct(_ m: Int, _ n: Int, _ a: WindowRows<Float>, _ dy: Source, stride: Int, _ dw: Target) {
        table.pointee.outer_product(m, n, a.rows, a.taps, a.tapOffsets, a.tapLength, dy, stride, dw)
    }

    func winogradWeights(_ size: Int, _ count: Int, _ kernel: Source, tap: Int, _ u: Target, step: Int) {
        table.pointee.winograd_weights(size, count, kernel, tap, u, step)
    }

    func winogradInput(
        _ size: Int, _ tiles: UnsafePointer<kk_tile>, _ count: Int, _ image: Source, rowStride: Int, pixelStride: Int,
        channels: Int, _ v: Planes<Float>
    ) {
        table.pointee.winograd_input(size, tiles, count, image, rowStride, pixelStride, channels, v.base, v.step, v.stride)
    }

    func winogradOutputGradient(
        _ size: Int, _ tiles: UnsafePointer<kk_tile>, _ count: Int, _ dy: Source, rowStride: Int, pixelStride: Int, _ n: Int,
        _ z: Planes<Float>
    ) {
        table.pointee.winograd_output_gradient(size, tiles, count, dy, rowStride, pixelStride, n, z.base, z.step, z.stride)
    }

    func winogradWeightsGradient(_ size: Int, _ count: Int, _ du: Source, step: Int, _ dw: Target, tap: Int) {
        table.pointee.winograd_weights_gradient(size, count, du, step, dw, tap)
    }

    func winogradOutput(
        _ size: Int, _ tiles: UnsafePointer<kk_tile>, _ count: Int, _ products: Planes<Float>, _ n: Int,
        _ epilogue: ProductEpilogue<Float>, _ out: Target, rowStride: Int, pixelStride: Int
    ) {
        var epilogue = kk_epilogue_f32(epilogue)
        table.pointee.winograd_output(
            size, tiles, count, products.base, products.step, products.stride, n, &epilogue, out, rowStride, pixelStride)
    }

    func depthwiseLine(
        _ shape: DepthwiseLine, _ lines: UnsafePointer<Source?>, _ weights: Source, _ bias: Source?, _ clamp: Clamp<Float>, _ out: Target
    ) {
        table.pointee.depthwise_line(
            shape.count, lines, shape.taps, shape.cells, shape.stride, shape.dilation, shape.first, shape.width, shape.channels,
            shape.multiplier, weights, bias, clamp.low, clamp.high, out)
    }

    func maxPool(_ x: Source, _ windows: PoolWindows, channels: Int, _ out: Target) {
        let (n, s) = (windows.cells, windows.pitches)
        table.pointee.max_pool(x, windows.count, windows.step, n.0, s.0, n.1, s.1, n.2, s.2, channels, out)
    }

    func maxPoolGradient(_ x: Source, _ windows: PoolWindows, channels: Int, _ y: Source, _ dy: Source, _ dx: Target) {
        let (n, s) = (windows.cells, windows.pitches)
        table.pointee.max_pool_gradient(x, windows.count, windows.step, n.0, s.0, n.1, s.1, n.2, s.2, channels, y, dy, dx)
    }

    func sumPool(_ x: Source, _ windows: PoolWindows, channels: Int, divisor: Float, _ out: Target) {
        let (n, s) = (windows.cells, windows.pitches)
        table.pointee.sum_pool(x, windows.count, windows.step, n.0, s.0, n.1, s.1, n.2, s.2, channels, divisor, out)
    }

    func unary(_ kernel: UnaryKernel, _ x: Source, _ y: Target, _ n: Int) {
        table.pointee.unary(kernel.kind, x, y, n, Float(kernel.a), Float(kernel.b), Float(kernel.c))
    }

    func binary(_ kind: Binary, _ a: Source, step aStep: Int, _ b: Source, step bStep: Int, _ out: Target, _ n: Int) {
        table.pointee.binary(kind.kernel, a, aStep, b, bStep, out, n)
    }

    func scaleShift(_ x: Source, rows: Int, _ n: Int, _ scale: Source, _ shift: Source, _ clamp: Clamp<Float>, _ y: Target) {
        table.pointee.scale_shift(x, rows, n, scale, shift, clamp.low, clamp.high, y)
    }

    func softmax(_ x: Source, _ y: Target, rows: Int, _ n: Int) { table.pointee.softmax(x, y, rows, n) }
    func logSoftmax(_ x: Source, _ y: Target, rows: Int, _ n: Int) { table.pointee.log_softmax(x, y, rows, n) }

    func reduceRows(_ kind: Reduction, _ x: Source, rows: Int, _ n: Int, _ y: Target) {
        table.pointee.reduce_rows(kind.kernel, x, rows, n, y)
    }

    func reduceColumns(_ kind: Reduction, _ x: Source, rows: Int, _ n: Int, _ y: Target) {
        table.pointee.reduce_columns(kind.kernel, x, rows, n, y)
    }

    func transpose(_ x: Source, rows: Int, columns: Int, _ y: Target, stride: Int) {
        table.pointee.transpose(x, rows, columns, y, stride)
    }

    func gather(_ table: Source, width: Int, _ indices: UnsafePointer<Int32>, _ count: Int, _ out: Target) {
        self.table.pointee.gather(table, width, indices, count, out)
    }

    func scatterAddRows(_ x: Source, step: Int, _ out: Target, outStep: Int, _ count: Int, channels: Int) {
        table.pointee.scatter_add_rows(x, step, out, outStep, count, channels)
    }
}

extension kk_epilogue_f32 {
    fileprivate init(_ epilogue: ProductEpilogue<Float>) {
        self.init(
            bias: epilogue.bias, addend: epilogue.addend, addend_stride: epilogue.addendStride, low: epilogue.clamp.low,
            high: epilogue.clamp.high, pool: epilogue.pool)
    }
}
