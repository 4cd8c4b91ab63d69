import KerasModel
import Tensors

extension Convolution {
    /// What the input, the kernel and the bias get.
    func gradients(_ call: Backward) throws -> [Term?] {
        let (x, kernel, rank) = (call.operands[0], call.operands[1], strides.count)
        var gradients: [Term?] = [
            call.wanted[0] ? try dataGradient(x, kernel, call.dy) : nil,
            call.wanted[1] ? try kernelGradient(x, call.dy, Array(kernel.shape.dims[..<rank])) : nil,
        ]
        if call.operands.count > 2 { gradients.append(call.wanted[2] ? try call.dy.columnSums() : nil) }
        return gradients
    }

    /// What the input gets. Windows one cell apart see each cell from all sides: that is a convolution again, with the kernel turned round.
    private func dataGradient(_ x: Term, _ kernel: Term, _ dy: Term) throws -> Term {
        let rank = strides.count
        let cells = Array(kernel.shape.dims[..<rank])
        let (channels, filters) = (kernel.shape[rank], kernel.shape[rank + 1] / groups)
        let edges = (0..<rank).map { axis in
            let reach = (cells[axis] - 1) * dilation[axis]
            return Edges(reach - padding[axis].before, reach - padding[axis].after)
        }
        guard strides.allSatisfy({ $0 == 1 }), edges.allSatisfy({ $0.before >= 0 && $0.after >= 0 }), groups == 1 || filters == 1 else {
            let back = TransposedConvolution(
                strides: strides, dilation: dilation, offset: padding.map(\.before), output: Array(x.shape.dims[1...rank]), groups: groups)
            return try dy.emit(.transposedConvolution(back), kernel)
        }
        // (k…, c, groups, f) → (k…, f, groups, c)
        let byGroup = try kernel.reshaped(try Shape(checking: cells + [channels, groups, filters]))
        let turned = try byGroup.emit(.reverse(Array(0..<rank))).transposed(Array(0..<rank) + [rank + 2, rank + 1, rank])
            .reshaped(try Shape(checking: cells + [filters, groups * channels]))
        let back = Convolution(strides: strides, dilation: dilation, padding: edges, groups: groups)
        return try dy.emit(.convolution(back), turned)
    }

    /// What the kernel gets.
    func kernelGradient(_ x: Term, _ dy: Term, _ kernel: [Int]) throws -> Term {
        try x.emit(.convolutionKernelGradient(self, kernel: kernel), dy)
    }

    func kernelGradientStep<T: ComputeScalar>(_ kernel: [Int], _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> any Step<T> {
        if let size = winogradGradientSize(kernel, node, plan) { return try WinogradGradientStep<T>(size, self, node, &plan) }
        return try KernelGradientStep<T>(self, kernel: kernel, node, &plan)
    }
}

/// Sums over windows of window times gradient. Each chunk of images is a part, where there are enough windows, and the chunks are added up in
/// their order; a single chunk is cut by rows of the kernel instead.
struct KernelGradientStep<T: ComputeScalar>: Step {
    private let x: Location
    private let dy: Location
    private let out: Location
    private let strips: WindowStrips<T>
    private let images: Int
    private let chunks: Int
    private let groups: Int
    private let filters: Int
    /// Numbers of one group's gradient, `(k…, c, f)`.
    private let size: Int
    /// The numbers of a window, cut where it is one run.
    private let rows: Parts
    private let isOneRun: Bool
    /// A group's gradient before it is spread among the others.
    private let ofGroup: Location?

    /// With fewer, adding the chunks up would cost more than making them side by side saves.
    private static var windowsPerChunk: Int { 128 }
    private static var largeKernel: Int { 1 << 17 }

    init(_ convolution: Convolution, kernel: [Int], _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        let (input, gradient) = (plan.shape(node.inputs[0]), plan.shape(node.inputs[1]))
        let rank = convolution.strides.count
        let channels = input[rank + 1] / convolution.groups
        (x, dy) = (try plan.location(node.inputs[0]), try plan.location(node.inputs[1]))
        images = input[0]
        groups = convolution.groups
        filters = gradient[rank + 1]
        let window = kernel.reduce(channels, *)
        size = window * (filters / groups)
        // A large kernel's chunks are as large.
        let windows = gradient.count / max(filters, 1)
        chunks = max(min(images, windows / KernelGradientStep.windowsPerChunk, groups * size > KernelGradientStep.largeKernel ? 4 : 8), 1)
        out = try .chunks(chunks, of: node, &plan)
        // A single chunk goes through the windows once for each run of its rows: copying them would cost more than it saves.
        let geometry = WindowGeometry(
            input: input, tapChannels: channels, kernel: kernel, output: Array(gradient.dims[1...rank]), convolution, pools: false,
            spaces: chunks > 1)
        strips = WindowStrips(geometry, &plan)
        isOneRun = chunks == 1 && groups == 1 && geometry.taps.count == 1
        let flops = 2 * Double(gradient.count) * Double(window)
        rows = isOneRun ? Parts(window, flops: flops, bytes: Double(4 * size)) : Parts(undivided: window)
        ofGroup = groups > 1 ? plan.scratch(size, of: T.self) : nil
    }

    var parts: Int { chunks * rows.count }

    /// Numbers that stay in the cache from their zeros to their sums.
    private static var cached: Int { 1 << 15 }

    /// What is summed up at a time: a group, or some rows of the one there is.
    private func pieces(_ range: Range<Int>, _ n: Int) -> [(group: Int, rows: Range<Int>)] {
        guard isOneRun else { return (0..<groups).map { ($0, range) } }
        let step = max(KernelGradientStep.cached / max(n, 1), 16)
        return stride(from: range.lowerBound, to: range.upperBound, by: step).map { (0, $0..<min($0 + step, range.upperBound)) }
    }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        let chunk = part / rows.count
        let range = rows[part % rows.count]
        let perImage = strips.geometry.unitsPerImage
        let units = chunk * images / chunks * perImage..<(chunk + 1) * images / chunks * perImage
        let n = filters / groups
        let source = UnsafePointer(frame.reals(x))
        let gradient = UnsafePointer(frame.reals(dy))
        let target = frame.reals(out) + chunk * groups * size
        for (group, range) in pieces(range, n) {
            let sums = ofGroup.map { frame.reals($0) } ?? target
            let mine = isOneRun ? range.lowerBound * n..<range.upperBound * n : 0..<size
            (sums + mine.lowerBound).update(repeating: 0, count: mine.count)
            strips.forEachBlock(frame, units, source) { windows, count, first in
                var windows = windows
                if group > 0 { windows.advance(by: group * windows.tapLength, count) }
                if isOneRun {
                    windows.advance(by: range.lowerBound, count)
                    windows = WindowRows(rows: windows.rows, taps: 1, tapOffsets: windows.tapOffsets, tapLength: range.count)
                }
                let dy = gradient + first * filters + group * n
                frame.kernels.outerProduct(count, n, windows, dy, stride: filters, sums + mine.lowerBound)
            }
            guard ofGroup != nil else { continue }
            for row in 0..<(size / max(n, 1)) { (target + row * filters + group * n).update(from: sums + row * n, count: n) }
        }
    }
}

extension Location {
    /// Where the parts go that add up to a node's result: after each other if there are several, which a further step adds up.
    static func chunks<T: ComputeScalar>(_ chunks: Int, of node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> Location {
        let (out, count) = (try plan.location(node.output), plan.shape(node.output).count)
        guard chunks > 1 else { return out }
        let all = plan.temporary(chunks * count, of: T.self)
        plan.follow(ChunkSumStep<T>(from: all, to: out, chunks: chunks, count: count), bytes: Double((chunks + 1) * count))
        return all
    }
}

/// Adds chunks up in their order.
private struct ChunkSumStep<T: ComputeScalar>: Step {
    private let from: Location
    private let to: Location
    private let chunks: Int
    private let count: Int
    private let cut: Parts

    init(from: Location, to: Location, chunks: Int, count: Int) {
        (self.from, self.to, self.chunks, self.count) = (from, to, chunks, count)
        cut = Parts(count, flops: 0, bytes: Double((chunks + 1) * count * MemoryLayout<T>.stride))
    }

    /// Numbers that stay in the first cache from chunk to chunk.
    private static var cached: Int { 1 << 11 }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        let (source, target) = (UnsafePointer(frame.reals(from)), frame.reals(to))
        for first in stride(from: cut[part].lowerBound, to: cut[part].upperBound, by: ChunkSumStep.cached) {
            let n = min(ChunkSumStep.cached, cut[part].upperBound - first)
            frame.kernels.binary(.add, source + first, step: 1, source + count + first, step: 1, target + first, n)
            for chunk in 2..<max(chunks, 2) {
                frame.kernels.binary(
                    .add, UnsafePointer(target) + first, step: 1, source + chunk * count + first, step: 1, target + first, n)
            }
        }
    }
}
