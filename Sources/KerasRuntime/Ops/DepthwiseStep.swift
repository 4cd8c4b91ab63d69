import KerasModel
import Tensors

/// Depthwise convolution: each filter sees one channel, so channels are what the kernel works on side by side.
struct DepthwiseStep<T: ComputeScalar>: Step {
    private let lines: DepthwiseLines<T>
    private let out: Location
    private let cut: Parts

    init(_ convolution: Convolution, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        lines = try DepthwiseLines(convolution, node, &plan)
        out = try plan.location(node.output)
        cut = Parts(lines.count, flops: lines.flops, bytes: lines.bytes)
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        lines.compute(frame, cut[part], into: frame.reals(out) + cut[part].lowerBound * lines.size)
    }
}

/// The lines of a depthwise convolution's output, of all images one after the other. The input is read where it lies: what is padding
/// is left out, never copied.
struct DepthwiseLines<T: ComputeScalar>: Sendable {
    /// How many there are, the pixels of one, and its numbers.
    let count: Int
    var pixels: Int { shape.count }
    let size: Int
    /// What all of them together cost.
    let flops: Double
    let bytes: Double
    private let x: Location
    /// `(k…, c, multiplier)`, as the kernel takes them.
    private let weights: Location
    private let bias: Location?
    private let imageSize: Int
    private let shape: DepthwiseLine
    /// For each line of an image's output, and for each line of its windows: where the input's line begins; nil where it is padding.
    private let sources: [Int?]
    private let linesPerImage: Int
    private let pointers: Location
    private let epilogue: TileEpilogue<T>

    init(_ convolution: Convolution, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        let (input, kernel) = (plan.shape(node.inputs[0]), plan.shape(node.inputs[1]))
        let last = convolution.strides.count - 1
        let (channels, output) = (input[last + 2], convolution.outputLengths(input, kernel))
        x = try plan.location(node.inputs[0])
        weights = try plan.location(node.inputs[1])
        bias = try node.bias.map { try plan.location($0) }
        epilogue = TileEpilogue(node.epilogue)
        imageSize = input.dims.dropFirst().reduce(1, *)
        sources = DepthwiseLines.sources(convolution, Array(input.dims.dropFirst()), kernel, output)
        linesPerImage = output.dropLast().reduce(1, *)
        shape = DepthwiseLine(
            count: output[last], taps: kernel.dims[..<last].reduce(1, *), cells: kernel[last], stride: convolution.strides[last],
            dilation: convolution.dilation[last], first: -convolution.padding[last].before, width: input[last + 1], channels: channels,
            multiplier: kernel[last + 2] / channels)
        pointers = plan.scratch(shape.taps, of: UnsafePointer<T>?.self)
        count = input[0] * linesPerImage
        size = output[last] * kernel[last + 2]
        flops = 2 * Double(count * size * shape.taps * shape.cells)
        bytes = Double((input.count + count * size) * MemoryLayout<T>.stride)
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

    /// Some of the lines, one after the other.
    func compute(_ frame: Frame<T>, _ lines: Range<Int>, into target: UnsafeMutablePointer<T>) {
        let source = UnsafePointer(frame.reals(x))
        let (weights, bias) = (UnsafePointer(frame.reals(weights)), bias.map { UnsafePointer(frame.reals($0)) })
        let taps = frame.at(pointers, as: UnsafePointer<T>?.self)
        var line = target
        for unit in lines {
            let image = source + unit / linesPerImage * imageSize
            let first = unit % linesPerImage * shape.taps
            for tap in 0..<shape.taps { taps[tap] = sources[first + tap].map { image + $0 } }
            frame.kernels.depthwiseLine(shape, UnsafePointer(taps), weights, bias, epilogue.clamp, line)
            epilogue.finish(line, size, frame.kernels)
            line += size
        }
    }
}
