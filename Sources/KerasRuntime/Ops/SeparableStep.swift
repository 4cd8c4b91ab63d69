import KerasModel
import Tensors

/// A depthwise convolution and the 1 × 1 convolution of its results, a few lines at a time: what stands between them never leaves the
/// cache. The bits are those of the two one after the other.
struct SeparableStep<T: ComputeScalar>: Step {
    private let lines: DepthwiseLines<T>
    private let product: ProductStep<T>
    private let strip: Location
    private let stripLines: Int
    private let table: RowTable<T>
    private let cut: Parts

    /// The lines between the two stay in the second-level cache.
    private static var stripBytes: Int { 192 << 10 }

    init(_ depthwise: Draft.Node.Depthwise, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        let first = Draft.Node(
            op: .convolution(depthwise.convolution), inputs: [node.inputs[0]] + depthwise.constants, output: node.output, layer: node.layer,
            epilogue: depthwise.epilogue)
        lines = try DepthwiseLines(depthwise.convolution, first, &plan)
        let kernel = plan.shape(node.inputs[1])
        let (channels, filters) = (kernel[kernel.rank - 2], kernel[kernel.rank - 1])
        let form = PackedForm(k: channels, n: filters, rowStride: filters, columnStride: 1)
        product = try ProductStep(form, stride: filters, node, &plan)
        let most = min(SeparableStep.stripBytes / (lines.size * MemoryLayout<T>.stride), RowTable<T>.limit / max(lines.pixels, 1))
        stripLines = max(min(most, lines.count), 1)
        strip = plan.scratch(stripLines * lines.size, of: T.self)
        table = RowTable(&plan, rows: stripLines * lines.pixels)
        let flops = lines.flops + 2 * Double(lines.count * lines.pixels) * Double(channels * filters)
        cut = Parts(lines.count, flops: flops, bytes: lines.bytes)
    }

    var parts: Int { cut.count }
    var algorithm: String? { "from a depthwise one" }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        let form = product.weights.form
        let (panels, strip) = (product.weights.panels(frame), frame.reals(strip))
        let mine = cut[part]
        for line in stride(from: mine.lowerBound, to: mine.upperBound, by: stripLines) {
            let run = line..<min(line + stripLines, mine.upperBound)
            lines.compute(frame, run, into: strip)
            table.forEachRun(frame, UnsafePointer(strip), length: form.k, 0..<run.count * lines.pixels) { rows, count, first in
                product.run(frame, rows, count, panels, columns: 0..<form.n, first: line * lines.pixels + first)
            }
        }
    }
}
