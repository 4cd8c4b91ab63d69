import KerasModel
import Tensors

extension Convolution {
    func step<T: ComputeScalar>(_ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws -> any Step<T> {
        let (x, kernel, y) = (plan.shape(node.inputs[0]), plan.shape(node.inputs[1]), plan.shape(node.output))
        let rank = strides.count
        let isDepthwise = groups > 1 && groups == x[rank + 1]
        let geometry = WindowGeometry(
            spatial: Array(x.dims[1...rank]), channels: x[rank + 1], tapChannels: isDepthwise ? 1 : kernel[rank],
            kernel: Array(kernel.dims[..<rank]), output: Array(y.dims[1...rank]), self)
        return try ConvolutionStep<T>(geometry, images: x[0], channels: x[rank + 1], groups: groups, isDepthwise: isDepthwise, node, &plan)
    }
}

/// Convolution without copying windows out: the kernels read each window through its row pointer and the taps' offsets.
struct ConvolutionStep<T: ComputeScalar>: Step {
    private let geometry: WindowGeometry
    private let x: Location
    private let weights: Weights
    private let bias: Location?
    private let out: Location
    private let images: Int
    private let channels: Int
    private let filters: Int
    private let groups: Int
    /// Images that go into one call, where each has few pixels; the windows of all of them.
    private let block: Int
    private let pixels: [Int]
    /// Memory for `block` padded images.
    private let padded: Location?
    private let table: RowTable<T>
    private let epilogue: TileEpilogue<T>

    private enum Weights {
        case packed(PackedMatrix<T>)
        /// `(k…, 1, f)`, as the depthwise kernel takes them.
        case depthwise(Location)
    }

    init(
        _ geometry: WindowGeometry, images: Int, channels: Int, groups: Int, isDepthwise: Bool, _ node: Draft.Node,
        _ plan: inout PlanBuilder<T>
    ) throws {
        self.geometry = geometry
        self.images = images
        self.channels = channels
        self.groups = groups
        x = try plan.location(node.inputs[0])
        out = try plan.location(node.output)
        bias = node.inputs.count > 2 ? try plan.location(node.inputs[2]) : nil
        let y = plan.shape(node.output)
        filters = y[y.rank - 1]
        epilogue = TileEpilogue(node.epilogue)
        if isDepthwise {
            weights = .depthwise(try plan.location(node.inputs[1]))
        } else {
            let form = PackedForm(
                k: geometry.taps.count * geometry.tapLength, n: filters / groups, rowStride: filters, columnStride: 1, groups: groups,
                groupStride: filters / groups)
            weights = .packed(try .make(node.inputs[1], form, &plan))
        }
        let perImage = geometry.pixels.count
        block = max(min(RowTable<T>.limit / max(perImage, 1), images), 1)
        let pitch = geometry.padding == nil ? geometry.imageSize : geometry.paddedSize
        pixels = (0..<block).flatMap { image in geometry.pixels.map { $0 + image * pitch } }
        padded = geometry.padding == nil ? nil : plan.scratch(block * geometry.paddedSize, of: T.self)
        table = RowTable(&plan, rows: perImage * block)
    }

    func run(_ frame: Frame<T>, part: Int) throws {
        let image = UnsafePointer(frame.reals(x))
        let panels: UnsafePointer<T> =
            switch weights {
            case .packed(let matrix): matrix.panels(frame)
            case .depthwise(let location): UnsafePointer(frame.reals(location))
            }
        var target = frame.reals(out)
        for first in stride(from: 0, to: images, by: block) {
            let count = min(block, images - first)
            var source = image + first * geometry.imageSize
            if let padded { source = pad(source, count, frame.reals(padded)) }
            let windows = count * geometry.pixels.count
            for start in stride(from: 0, to: windows, by: RowTable<T>.limit) {
                let m = min(RowTable<T>.limit, windows - start)
                multiply(frame, source, start, m, panels, target)
                epilogue.finish(target, m * filters, frame.kernels)
                target += m * filters
            }
        }
    }

    private func multiply(
        _ frame: Frame<T>, _ source: UnsafePointer<T>, _ start: Int, _ m: Int, _ panels: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>
    ) {
        let rows = pixels.withUnsafeBufferPointer { table.fill(frame, source, $0.baseAddress! + start, m) }
        let bias = bias.map { UnsafePointer(frame.reals($0)) }
        geometry.taps.withUnsafeBufferPointer { taps in
            guard let offsets = taps.baseAddress else { return }
            var windows = WindowRows(rows: rows, taps: taps.count, tapOffsets: offsets, tapLength: geometry.tapLength)
            switch weights {
            case .depthwise:
                frame.kernels.depthwise(
                    m, windows, channels: channels, multiplier: filters / channels, panels, bias, epilogue.clamp, target, outStride: filters
                )
            case .packed(let matrix):
                let n = matrix.form.n
                let panelSize = frame.kernels.packedSize(matrix.form.k, n)
                for group in 0..<groups {
                    if group > 0 {
                        let moved = table.fill(frame, source + group * geometry.tapLength, pixelsFrom: pixels, start, m)
                        windows = WindowRows(rows: moved, taps: taps.count, tapOffsets: offsets, tapLength: geometry.tapLength)
                    }
                    frame.kernels.gemm(
                        m, n, windows, panels + group * panelSize,
                        ProductEpilogue(bias: bias.map { $0 + group * n }, clamp: epilogue.clamp), target + group * n, outStride: filters)
                }
            }
        }
    }

    /// Copies `count` images into padded ones.
    private func pad(_ source: UnsafePointer<T>, _ count: Int, _ target: UnsafeMutablePointer<T>) -> UnsafePointer<T> {
        guard let padding = geometry.padding else { return source }
        target.update(repeating: 0, count: count * geometry.paddedSize)
        for image in 0..<count { padding.run(source + image * geometry.imageSize, target + image * geometry.paddedSize) }
        return UnsafePointer(target)
    }
}

extension RowTable {
    fileprivate func fill(_ frame: Frame<T>, _ base: UnsafePointer<T>, pixelsFrom pixels: [Int], _ start: Int, _ count: Int)
        -> UnsafePointer<
            UnsafePointer<T>
        >
    {
        pixels.withUnsafeBufferPointer { fill(frame, base, $0.baseAddress! + start, count) }
    }
}
