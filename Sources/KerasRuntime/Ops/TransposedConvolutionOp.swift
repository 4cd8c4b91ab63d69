import KerasModel
import Tensors

extension TransposedConvolution {
    func step<T: ComputeScalar>(_ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> any Step<T> {
        try TransposedConvolutionStep<T>(self, node, &plan)
    }
}

/// Each input pixel times the kernel gives a column of cells; the columns are then added up where they overlap.
struct TransposedConvolutionStep<T: ComputeScalar>: Step {
    private let x: Location
    private let weights: PackedMatrix<T>
    private let bias: Location?
    private let ones: Location?
    private let out: Location
    private let cut: Parts
    private let channels: Int
    private let filters: Int
    private let inputPixels: Int
    private let outputPixels: Int
    /// Numbers of a pixel's column: kernel cells × filters.
    private let columnSize: Int
    private let columns: Location
    private let groups: Int
    private let scatters: [Scatter]
    private let outStep: Int
    private let table: RowTable<T>
    private let epilogue: TileEpilogue<T>

    /// Pixels of one input line whose columns' cell `cell` falls into one output line.
    private struct Scatter {
        var pixel: Int
        var cell: Int
        var target: Int
        var count: Int
    }

    init(_ convolution: TransposedConvolution, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        let (input, kernel, output) = (plan.shape(node.inputs[0]), plan.shape(node.inputs[1]), plan.shape(node.output))
        let rank = convolution.strides.count
        let (spatial, cells) = (Array(input.dims[1...rank]), Array(kernel.dims[..<rank]))
        groups = convolution.groups
        channels = input[rank + 1] / groups
        filters = kernel[rank]
        inputPixels = Shape(spatial).count
        outputPixels = Shape(convolution.output).count
        columnSize = Shape(cells).count * filters
        cut = Parts(
            input[0], flops: 2 * Double(input.count) * Double(columnSize),
            bytes: Double((input.count + output.count) * MemoryLayout<T>.stride))
        x = try plan.location(node.inputs[0])
        out = try plan.location(node.output)
        bias = node.inputs.count > 2 ? try plan.location(node.inputs[2]) : nil
        ones = bias == nil ? nil : plan.place(try plan.store.ones(groups * filters, as: T.dtype))
        let form = PackedForm(
            k: channels, n: columnSize, rowStride: 1, columnStride: groups * channels, groups: groups, groupStride: channels)
        weights = try .make(node.inputs[1], form, &plan)
        columns = plan.scratch(try Shape(checking: [inputPixels, columnSize]).count, of: T.self)
        table = RowTable(&plan, rows: inputPixels)
        epilogue = TileEpilogue(node.epilogue)
        outStep = (convolution.strides.last ?? 1) * groups * filters
        scatters = output.count == 0 ? [] : TransposedConvolutionStep.scatters(convolution, spatial, cells)
    }

    /// For every line of pixels and every kernel cell: where it goes, cut to what the output keeps.
    private static func scatters(_ convolution: TransposedConvolution, _ spatial: [Int], _ cells: [Int]) -> [Scatter] {
        guard let width = spatial.last, let last = spatial.indices.last else { return [] }
        let outputStrides = Shape(convolution.output).strides
        let positions = { (shape: [Int]) in
            (0..<Shape(shape).count).map { index in zip(shape, Shape(shape).strides).map { index / $1 % max($0, 1) } }
        }
        var scatters: [Scatter] = []
        for line in positions(Array(spatial.dropLast())) {
            let pixel = zip(line, Shape(spatial).strides).reduce(0) { $0 + $1.0 * $1.1 }
            for (cell, at) in positions(cells).enumerated() {
                let place = { (axis: Int, i: Int) in
                    i * convolution.strides[axis] + at[axis] * convolution.dilation[axis] - convolution.offset[axis]
                }
                let rows = line.indices.map { place($0, line[$0]) }
                guard rows.indices.allSatisfy({ rows[$0] >= 0 && rows[$0] < convolution.output[$0] }) else { continue }
                let kept = (0..<width).filter { (0..<convolution.output[last]).contains(place(last, $0)) }
                guard let first = kept.first else { continue }
                let target = zip(rows, outputStrides).reduce(place(last, first)) { $0 + $1.0 * $1.1 }
                scatters.append(Scatter(pixel: pixel + first, cell: cell, target: target, count: kept.count))
            }
        }
        return scatters
    }

    var parts: Int { cut.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) throws {
        let (source, target, columns) = (UnsafePointer(frame.reals(x)), frame.reals(out), frame.reals(columns))
        let (panels, matrixSize) = (weights.panels(frame), frame.kernels.packedSize(channels, columnSize))
        for image in cut[part] {
            let out = target + image * outputPixels * groups * filters
            out.update(repeating: 0, count: outputPixels * groups * filters)
            for group in 0..<groups {
                let pixels = source + image * inputPixels * groups * channels + group * channels
                table.forEachRun(frame, pixels, length: channels, stride: groups * channels, 0..<inputPixels) { rows, count, first in
                    let (matrix, columns) = (panels + group * matrixSize, columns + first * columnSize)
                    frame.kernels.gemm(count, columnSize, rows, matrix, .plain, columns, outStride: columnSize)
                }
                for scatter in scatters {
                    frame.kernels.scatterAddRows(
                        columns + scatter.pixel * columnSize + scatter.cell * filters, step: columnSize,
                        out + scatter.target * groups * filters + group * filters, outStep: outStep, scatter.count, channels: filters)
                }
            }
            finish(frame, out)
        }
    }

    private func finish(_ frame: Frame<T>, _ out: UnsafeMutablePointer<T>) {
        let clamp = epilogue.clamp
        if let bias, let ones {
            frame.kernels.scaleShift(out, rows: outputPixels, groups * filters, frame.reals(ones), frame.reals(bias), clamp, out)
        } else if clamp.low > -.infinity || clamp.high < .infinity {
            frame.kernels.unary(UnaryKernel(.clamp, Double(clamp.low), Double(clamp.high)), out, out, outputPixels * groups * filters)
        }
        epilogue.finish(out, outputPixels * groups * filters, frame.kernels)
    }
}

extension TransposedConvolution {
    /// A convolution goes the way back: it sees in `dy` what each pixel was spread over.
    func gradients(_ call: Backward) throws -> [Term?] {
        let (x, kernel, rank) = (call.operands[0], call.operands[1], strides.count)
        // Zeros round dy up to all that the pixels were spread over; what lies past that was zeros.
        var (spread, padding) = (call.dy, [Edges]())
        var sizes = spread.shape.dims
        for axis in 0..<rank {
            let full = (x.shape[axis + 1] - 1) * strides[axis] + (kernel.shape[axis] - 1) * dilation[axis] + 1
            let after = full - offset[axis] - output[axis]
            if after < 0 { sizes[axis + 1] = max(sizes[axis + 1] + after, 0) }
            padding.append(Edges(offset[axis], max(after, 0)))
        }
        if sizes != spread.shape.dims { spread = try spread.emit(.slice(starts: sizes.map { _ in 0 }, sizes: sizes)) }
        let back = Convolution(strides: strides, dilation: dilation, padding: padding, groups: groups)
        var gradients: [Term?] = [
            call.wanted[0] ? try spread.emit(.convolution(back), kernel) : nil,
            call.wanted[1] ? try back.kernelGradient(spread, x, Array(kernel.shape.dims[..<rank])) : nil,
        ]
        if call.operands.count > 2 { gradients.append(call.wanted[2] ? try call.dy.sum(Array(0...rank)) : nil) }
        return gradients
    }
}
