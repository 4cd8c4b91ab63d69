import KerasModel
import Tensors

/// `a (…, m, k) · b (…, k, n) + bias (n)`: row by row of `a` against packed `b`.
struct MatrixMultiplyStep<T: ComputeScalar>: Step {
    private let a: Location
    private let b: PackedMatrix<T>
    private let bias: Location?
    private let out: Location
    /// Rows of each product, and its inner length.
    private let m: Int
    private let k: Int
    /// Where each product's `a` begins, and which of the matrices of `b` it takes. One product if there is a single one.
    private let products: [(a: Int, b: Int)]
    private let table: RowTable<T>
    private let epilogue: TileEpilogue<T>

    static func make(_ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> MatrixMultiplyStep {
        let (a, b, y) = (plan.shape(node.inputs[0]), plan.shape(node.inputs[1]), plan.shape(node.output))
        let (k, n) = (b[b.rank - 2], b[b.rank - 1])
        let isSingle = b.count == k * n && a.rank >= b.rank
        let m = isSingle ? y.count / max(n, 1) : a[a.rank - 2]
        let matrices = k * n == 0 ? 1 : b.count / (k * n)
        let form = PackedForm(k: k, n: n, rowStride: n, columnStride: 1, groups: matrices, groupStride: k * n)
        return MatrixMultiplyStep(
            a: try plan.location(node.inputs[0]), b: try .make(node.inputs[1], form, &plan),
            bias: node.inputs.count > 2 ? try plan.location(node.inputs[2]) : nil, out: try plan.location(node.output), m: m, k: k,
            products: isSingle ? [(0, 0)] : products(a, b, y), table: RowTable(&plan, rows: m), epilogue: TileEpilogue(node.epilogue))
    }

    /// The operands of each product, leading axes broadcast.
    private static func products(_ a: Shape, _ b: Shape, _ y: Shape) -> [(a: Int, b: Int)] {
        let leading = Shape(Array(y.dims.dropLast(2)))
        let aStrides = Shape(Array(a.dims.dropLast(2))).strides(broadcastTo: leading)
        let bStrides = Shape(Array(b.dims.dropLast(2))).strides(broadcastTo: leading)
        let aSize = a[a.rank - 2] * a[a.rank - 1]
        return (0..<leading.count).map { index in
            var (rest, start) = (index, (a: 0, b: 0))
            for axis in leading.dims.indices.reversed() {
                let position = rest % leading[axis]
                rest /= leading[axis]
                start.a += position * aStrides[axis] * aSize
                start.b += position * bStrides[axis]
            }
            return start
        }
    }

    func run(_ frame: Frame<T>, part: Int) throws {
        let n = b.form.n
        let x = UnsafePointer(frame.reals(a))
        let bias = bias.map { UnsafePointer(frame.reals($0)) }
        var target = frame.reals(out)
        let matrices = b.panels(frame)
        let matrixSize = frame.kernels.packedSize(k, n)
        for product in products {
            let panels = matrices + product.b * matrixSize
            table.forEachRun(frame, x + product.a, length: k, count: m) { rows, count, first in
                let tile = target + first * n
                frame.kernels.gemm(count, n, rows, panels, ProductEpilogue(bias: bias, clamp: epilogue.clamp), tile, outStride: n)
                epilogue.finish(tile, count * n, frame.kernels)
            }
            target += m * n
        }
    }
}
