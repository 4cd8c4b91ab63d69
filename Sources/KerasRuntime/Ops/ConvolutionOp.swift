import KerasModel
import Tensors

extension Convolution {
    func step<T: ComputeScalar>(_ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> any Step<T> {
        if let depthwise = node.depthwise { return try SeparableStep<T>(depthwise, node, &plan) }
        if isDepthwise(plan.shape(node.inputs[0])) { return try DepthwiseStep<T>(self, node, &plan) }
        switch algorithm(node, plan) {
        case .direct: return try DirectConvolutionStep<T>(self, node, &plan)
        case .winograd(let size): return try WinogradStep<T>(size, self, node, &plan)
        }
    }

    /// Each filter sees one channel.
    func isDepthwise(_ input: Shape) -> Bool { groups > 1 && groups == input.dims.last }

    /// The lengths of the result's spatial axes, before any pooling.
    func outputLengths(_ input: Shape, _ kernel: Shape) -> [Int] {
        strides.indices.map { axis in
            let seen = (kernel[axis] - 1) * dilation[axis] + 1
            return max((input[axis + 1] + padding[axis].total - seen) / strides[axis] + 1, 0)
        }
    }
}

/// How a convolution is computed.
enum ConvolutionAlgorithm: Equatable {
    /// The sum of products as it is written.
    case direct
    /// Lavin & Gray's F(size × size, 3 × 3).
    case winograd(Int)
}

extension Convolution {
    /// The quickest way, by a model of what each costs. What decides is the size of one image, and whether a prediction has one or many:
    /// never how many stand in one piece of a batch, on which an image's bits must not hang.
    fileprivate func algorithm<T: ComputeScalar>(_ node: Draft.Node, _ plan: PlanBuilder<T>) -> ConvolutionAlgorithm {
        let (x, kernel) = (plan.shape(node.inputs[0]), plan.shape(node.inputs[1]))
        guard allowsWinograd(Array(kernel.dims.dropLast(2)), plan) else { return .direct }
        let output = outputLengths(x, kernel)
        let isConstant = plan.constant(node.inputs[1]) != nil
        // A step of training has its batch whole, and makes the weights' planes anew.
        let cost = ConvolutionCost(
            images: isConstant ? (plan.options.isForOne ? 1 : 8) : x[0], output: output, channels: kernel[2], filters: kernel[3],
            transformsWeights: !isConstant)
        guard cost.channels >= ConvolutionCost.fewestChannels, cost.filters >= ConvolutionCost.fewestChannels, output.allSatisfy({ $0 > 1 })
        else { return .direct }
        // A maximum of four lies in one tile.
        let sizes = node.epilogue.pools ? [2, 4] : [2, 3, 4]
        let best = sizes.min { cost.winograd($0) < cost.winograd($1) }!
        return cost.winograd(best) < cost.direct ? .winograd(best) : .direct
    }
}

extension Convolution {
    /// The tile's side if Winograd's algorithm is the quickest way to the kernel's gradient.
    func winogradGradientSize<T: ComputeScalar>(_ kernel: [Int], _ node: Draft.Node, _ plan: PlanBuilder<T>) -> Int? {
        let (x, dy) = (plan.shape(node.inputs[0]), plan.shape(node.inputs[1]))
        guard allowsWinograd(kernel, plan), min(x[3], dy[3]) >= ConvolutionCost.fewestChannels else { return nil }
        let (channels, filters) = (Double(x[3]), Double(dy[3]))
        let costs = [2, 3, 4].map { size in
            let tiles = x[0] * ((dy[1] + size - 1) / size) * ((dy[2] + size - 1) / size)
            let split = WinogradGradientSplit(tiles: tiles, channels: x[3], filters: dy[3])
            // The transformations cost as much as so many further channels and filters, and each chunk's sums as so many tiles (measured).
            let each =
                1.15 * channels * filters + 7 * channels * Double(split.filterRanges) + 6 * filters * Double(split.channelRanges)
            return (size, Double((size + 2) * (size + 2)) * (Double(tiles) * each + 15 * Double(split.chunks) * channels * filters))
        }
        let best = costs.min { $0.1 < $1.1 }!
        return best.1 < Double(dy.count) * 9 * channels / 1.1 ? best.0 : nil
    }

    fileprivate func allowsWinograd<T: ComputeScalar>(_ kernel: [Int], _ plan: PlanBuilder<T>) -> Bool {
        T.self == Float.self && !plan.options.reference && plan.options.convolutions == .automatic && kernel == [3, 3] && strides == [1, 1]
            && dilation == [1, 1] && groups == 1
    }
}

/// What a 3 × 3 convolution costs, in multiplications and additions at the products' full speed.
private struct ConvolutionCost {
    /// The weights are read for so many images together.
    let images: Int
    let output: [Int]
    let channels: Int
    let filters: Int
    let transformsWeights: Bool

    /// With fewer the transformations cost more than they save.
    static let fewestChannels = 12

    var direct: Double {
        let sums = Double(images * output[0] * output[1]) * 9 * weights
        // Short of a tenth better, the plain sum is the better one: it rounds less.
        return (sums + reading(9 * weights)) / 1.1
    }

    func winograd(_ size: Int) -> Double {
        let tiles = Double(output.reduce(images) { $0 * (($1 + size - 1) / size) })
        let planes = Double((size + 2) * (size + 2))
        // The transformations cost about as much as so many further channels and filters (measured).
        let making = transformsWeights ? 30 * planes * weights : 0
        return tiles * planes * (weights + 7 * Double(channels) + 5 * Double(filters)) + reading(planes * weights) + making
    }

    private var weights: Double { Double(channels * filters) }

    /// Weights that do not stay in the second-level cache from one call to the next are read anew, at about 50 GB/s from the third,
    /// 15 GB/s from memory, in the time of 55 thousand million products.
    private func reading(_ count: Double) -> Double {
        let bytes = count * 4
        return bytes > 0x1p22 ? bytes * 3.7 : bytes > 0x1p18 ? bytes * 1.1 : 0
    }
}
