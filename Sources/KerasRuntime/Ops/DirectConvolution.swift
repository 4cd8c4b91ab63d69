import KerasModel
import Tensors

/// Convolution without copying windows out: the kernels read each window through its row pointer and the taps' offsets.
struct DirectConvolutionStep<T: ComputeScalar>: Step {
    private let x: Location
    private let product: ProductStep<T>
    private let strips: WindowStrips<T>
    private let groups: Int
    private let cut: ProductParts
    /// Set where windows are so small that a pointer to each would cost as much as its sums.
    private let line: (step: Int, lineStep: Int)?

    /// Terms of a run and of a window; a line of them is computed in one chain of sums.
    private static var mostTerms: (run: Int, window: Int) { (32, 127) }

    init(_ convolution: Convolution, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        let (input, kernel) = (plan.shape(node.inputs[0]), plan.shape(node.inputs[1]))
        let rank = convolution.strides.count
        let geometry = WindowGeometry(
            input: input, tapChannels: kernel[rank], kernel: Array(kernel.dims[..<rank]),
            output: convolution.outputLengths(input, kernel), convolution, pools: node.epilogue.pools)
        groups = convolution.groups
        let filters = kernel[rank + 1]
        x = try plan.location(node.inputs[0])
        let form = PackedForm(
            k: geometry.taps.count * geometry.tapLength, n: filters / groups, rowStride: filters, columnStride: 1, groups: groups,
            groupStride: filters / groups)
        let isSmall = geometry.tapLength <= DirectConvolutionStep.mostTerms.run && form.k <= DirectConvolutionStep.mostTerms.window
        line = groups == 1 && isSmall ? geometry.line : nil
        product = try ProductStep(form, stride: filters, node, &plan)
        strips = WindowStrips(geometry, &plan)
        cut = ProductParts(
            units: geometry.units, rows: geometry.units * geometry.windows.count, form,
            copiesRows: geometry.hasPadding, plan.kernels)
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        let (units, columns) = cut[part]
        let form = product.weights.form
        let (panels, matrixSize) = (product.weights.panels(frame), frame.kernels.packedSize(form.k, form.n))
        if let line {
            strips.forEachLine(frame, units, UnsafePointer(frame.reals(x)), line) { windows, first in
                product.run(frame, windows, strips.geometry.windows.count, panels, columns: columns, first: first)
            }
            return
        }
        strips.forEachBlock(frame, units, UnsafePointer(frame.reals(x))) { windows, count, first in
            for group in 0..<groups {
                if group > 0 { windows.advance(by: windows.tapLength, count) }
                product.run(
                    frame, windows, count, panels + group * matrixSize, columns: columns, offset: group * form.n, first: first)
            }
        }
    }
}
