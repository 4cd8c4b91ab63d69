import KerasModel
import Tensors

/// Depthwise convolution: each filter sees one channel, so channels are what the kernel works on side by side.
struct DepthwiseStep<T: ComputeScalar>: Step {
    private let x: Location
    /// `(k…, c, multiplier)`, as the kernel takes them.
    private let weights: Location
    private let bias: Location?
    private let out: Location
    private let channels: Int
    private let filters: Int
    private let strips: WindowStrips<T>
    private let epilogue: TileEpilogue<T>
    private let cut: Parts

    init(_ convolution: Convolution, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        let (input, kernel) = (plan.shape(node.inputs[0]), plan.shape(node.inputs[1]))
        let rank = convolution.strides.count
        channels = input[rank + 1]
        filters = kernel[rank + 1]
        x = try plan.location(node.inputs[0])
        weights = try plan.location(node.inputs[1])
        bias = try node.bias.map { try plan.location($0) }
        out = try plan.location(node.output)
        epilogue = TileEpilogue(node.epilogue)
        let geometry = WindowGeometry(
            input: input, tapChannels: 1, kernel: Array(kernel.dims[..<rank]), output: convolution.outputLengths(input, kernel),
            convolution, pools: false)
        strips = WindowStrips(geometry, &plan)
        let results = Double(geometry.units * geometry.windows.count * filters)
        cut = Parts(
            geometry.units, flops: 2 * results * Double(geometry.taps.count),
            bytes: Double((input.count + geometry.units * geometry.windows.count * filters) * MemoryLayout<T>.stride))
    }

    var parts: Int { cut.count }

    func run(_ frame: Frame<T>, part: Int) {
        let (target, weights) = (frame.reals(out), UnsafePointer(frame.reals(weights)))
        let bias = bias.map { UnsafePointer(frame.reals($0)) }
        strips.forEachBlock(frame, cut[part], UnsafePointer(frame.reals(x))) { windows, count, first in
            let tile = target + first * filters
            frame.kernels.depthwise(
                count, windows, channels: channels, multiplier: filters / channels, weights, bias, epilogue.clamp, tile,
                outStride: filters)
            epilogue.finish(tile, count * filters, frame.kernels)
        }
    }
}
