import KerasModel
import Tensors

/// Depthwise convolution: each filter sees one channel, so channels are what the kernel works on side by side. It goes along the lines
/// of the output and reads the input where it lies: what is padding is left out, never copied.
struct DepthwiseStep<T: ComputeScalar>: Step {
    private let x: Location
    /// `(k…, c, multiplier)`, as the kernel takes them.
    private let weights: Location
    private let bias: Location?
    private let out: Location
    private let imageSize: Int
    private let shape: DepthwiseLine
    /// For each line of an image's output, and for each line of its windows: where the input's line begins; nil where it is padding.
    private let sources: [Int?]
    private let linesPerImage: Int
    private let pointers: Location
    private let epilogue: TileEpilogue<T>
    private let cut: Parts

    init(_ convolution: Convolution, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        let (input, kernel) = (plan.shape(node.inputs[0]), plan.shape(node.inputs[1]))
        let last = convolution.strides.count - 1
        let (channels, output) = (input[last + 2], convolution.outputLengths(input, kernel))
        x = try plan.location(node.inputs[0])
        weights = try plan.location(node.inputs[1])
        bias = try node.bias.map { try plan.location($0) }
        out = try plan.location(node.output)
        epilogue = TileEpilogue(node.epilogue)
        imageSize = input.dims.dropFirst().reduce(1, *)
        sources = DepthwiseStep.sources(convolution, Array(input.dims.dropFirst()), kernel, output)
        linesPerImage = output.dropLast().reduce(1, *)
        shape = DepthwiseLine(
            count: output[last], taps: kernel.dims[..<last].reduce(1, *), cells: kernel[last], stride: convolution.strides[last],
            dilation: convolution.dilation[last], first: -convolution.padding[last].before, width: input[last + 1], channels: channels,
            multiplier: kernel[last + 2] / channels)
        pointers = plan.scratch(shape.taps, of: UnsafePointer<T>?.self)
        let results = input[0] * linesPerImage * shape.count * kernel[last + 2]
        cut = Parts(
            input[0] * linesPerImage, flops: 2 * Double(results * shape.taps * shape.cells),
            bytes: Double((input.count + results) * MemoryLayout<T>.stride))
    }

    /// - Parameter image: `(s…, c)`.
    private static func sources(_ convolution: Convolution, _ image: [Int], _ kernel: Shape, _ output: [Int]) -> [Int?] {
        let outer = output.dropLast().indices
        let pitches = Shape(image).strides
        let (lines, taps) = (Shape(Array(output.dropLast())), Shape(Array(kernel.dims[outer])))
        return (0..<lines.count).flatMap { line in
            (0..<taps.count).map { tap in
                var offset = 0
                for axis in outer {
                    let (position, within) = (line / lines.strides[axis] % lines[axis], tap / taps.strides[axis] % taps[axis])
                    let cell = position * convolution.strides[axis] + within * convolution.dilation[axis] - convolution.padding[axis].before
                    guard cell >= 0, cell < image[axis] else { return nil }
                    offset += cell * pitches[axis]
                }
                return offset
            }
        }
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        let (source, target) = (UnsafePointer(frame.reals(x)), frame.reals(out))
        let (weights, bias) = (UnsafePointer(frame.reals(weights)), bias.map { UnsafePointer(frame.reals($0)) })
        let lines = frame.at(pointers, as: UnsafePointer<T>?.self)
        let size = shape.count * shape.channels * shape.multiplier
        for unit in cut[part] {
            let image = source + unit / linesPerImage * imageSize
            let first = unit % linesPerImage * shape.taps
            for tap in 0..<shape.taps { lines[tap] = sources[first + tap].map { image + $0 } }
            let line = target + unit * size
            frame.kernels.depthwiseLine(shape, UnsafePointer(lines), weights, bias, epilogue.clamp, line)
            epilogue.finish(line, size, frame.kernels)
        }
    }
}
