import KerasModel
import Tensors

/// `a (…, m, k) · b (…, k, n) + bias (n)`: row by row of `a` against packed `b`.
struct MatrixMultiplyStep<T: ComputeScalar>: Step {
    private let a: Location
    private let product: ProductStep<T>
    /// Rows of each product.
    private let m: Int
    /// Where each product's `a` begins, and which of the matrices of `b` it takes. One product if there is a single one.
    private let products: [(a: Int, b: Int)]
    private let table: RowTable<T>
    private let cut: ProductParts

    static func make(_ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> MatrixMultiplyStep {
        let (a, b, y) = (plan.shape(node.inputs[0]), plan.shape(node.inputs[1]), plan.shape(node.output))
        let (k, n) = node.readsTransposed ? (b[1], b[0]) : (b[b.rank - 2], b[b.rank - 1])
        let isSingle = b.count == k * n && a.rank >= b.rank
        let m = isSingle ? y.count / max(n, 1) : a[a.rank - 2]
        let matrices = k * n == 0 ? 1 : b.count / (k * n)
        let (rowStride, columnStride) = node.readsTransposed ? (1, k) : (n, 1)
        let form = PackedForm(k: k, n: n, rowStride: rowStride, columnStride: columnStride, groups: matrices, groupStride: k * n)
        let product = try ProductStep(form, stride: n, node, &plan)
        let products = isSingle ? [(0, 0)] : products(a, b, y)
        return MatrixMultiplyStep(
            a: try plan.location(node.inputs[0]), product: product, m: m, products: products, table: RowTable(&plan, rows: m),
            cut: ProductParts(
                units: products.count == 1 ? m : products.count, rows: m * products.count, form,
                plan.kernels))
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

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        let form = product.weights.form
        let x = UnsafePointer(frame.reals(a))
        let (matrices, matrixSize) = (product.weights.panels(frame), frame.kernels.packedSize(form.k, form.n))
        let (units, columns) = cut[part]
        // A single product is cut into runs of rows, many into runs of whole products.
        let isSingle = products.count == 1
        for index in isSingle ? 0..<1 : units {
            let (start, matrix) = (products[index].a, matrices + products[index].b * matrixSize)
            table.forEachRun(frame, x + start, length: form.k, isSingle ? units : 0..<m) { rows, count, first in
                product.run(frame, rows, count, matrix, columns: columns, first: index * m + first)
            }
        }
    }
}
