internal import CKernels
import KerasModel
import Tensors

/// A 3 × 3 convolution by Winograd's algorithm: the image is cut into tiles, and (size + 2)² products over the channels stand for the
/// 9 · size² of each tile.
///
/// Source: Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks", 2015; the matrices: `CKernels/generic/winograd.inc.h`.
struct WinogradStep<T: ComputeScalar>: Step {
    private let size: Int
    private let form: WinogradForm
    private let x: Location
    private let weights: Location
    private let results: ProductResults<T>
    /// From line to line of an image, and of the output.
    private let imageLine: Int
    private let outputLine: Int
    /// Of all images.
    private let tiles: [kk_tile]
    /// Tiles that go through all three stages together, and how they are cut among threads: by tiles where there are enough of them,
    /// else by columns.
    private let block: Int
    private let tileParts: Parts
    private let columnParts: Parts
    /// The transformed tiles and their products.
    private let spread: SpreadTiles<T>
    private let products: (location: Location, step: Int)
    private let rows: Location

    init(_ size: Int, _ convolution: Convolution, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        let (input, kernelShape, y) = (plan.shape(node.inputs[0]), plan.shape(node.inputs[1]), plan.shape(node.output))
        let (channels, filters) = (kernelShape[2], kernelShape[3])
        self.size = size
        x = try plan.location(node.inputs[0])
        results = try ProductResults(node, &plan)
        imageLine = input[2] * channels
        outputLine = y[2] * filters
        tiles = WinogradTiles.cut(
            size, input, convolution.padding, lengths: convolution.outputLengths(input, kernelShape), output: y,
            side: results.pool == 4 ? 2 : 1)
        let planes = (size + 2) * (size + 2)
        let panel = plan.kernels.packedSize(1, 1)
        // Few enough tiles for their products to stay in the second-level cache, many enough to read the weights seldom.
        let isLarge = planes * channels * filters > 1 << 18
        block = WinogradTiles.block(tiles.count, most: isLarge ? 48 : 24)
        let byColumns = tiles.count < 3 * block / 2 && filters >= 2 * panel
        let most = max((WinogradStep.productBytes / (planes * block * MemoryLayout<T>.stride)) / panel, 1) * panel
        form = WinogradForm(
            size: size, channels: channels, filters: filters,
            columns: WinogradStep.columns(filters, most: byColumns ? min(most, max(filters / 4, panel)) : most, panel: panel))
        weights = try WinogradStep.weights(node.inputs[1], form, &plan)
        let flops = 2 * Double(tiles.count * planes) * Double(channels * filters)
        let bytes = 4 * Double(planes) * Double(channels * filters)
        tileParts = Parts((tiles.count + block - 1) / block, flops: byColumns ? 0 : flops, bytes: byColumns ? 0 : bytes)
        columnParts = Parts(form.chunks, flops: byColumns ? flops : 0, bytes: byColumns ? bytes : 0)
        spread = SpreadTiles(planes: planes, tiles: block, numbers: channels, &plan)
        let step = SpreadTiles<T>.odd(SpreadTiles<T>.padded(block * form.columns))
        products = (plan.scratch(planes * step, of: T.self), step)
        rows = plan.scratch(planes * block, of: UnsafePointer<T>.self)
    }

    /// The kernel's planes: made once if it is constant, else at each run, by a step of their own.
    private static func weights(_ kernel: Draft.ValueID, _ form: WinogradForm, _ plan: inout PlanBuilder<T>) throws -> Location {
        if let constant = plan.constant(kernel) { return plan.place(try plan.store.packed(constant, .winograd(form), plan.kernels)) }
        let panels = plan.temporary(form.packedSize(plan.kernels), of: T.self)
        plan.prepare(
            WinogradWeightsStep<T>(form, from: try plan.location(kernel), to: panels), bytes: Double((form.planes + 9) * form.planeSize))
        return panels
    }

    /// The products of a block, at most.
    private static var productBytes: Int { 256 << 10 }

    /// Chunks of equal size, whole panels each.
    private static func columns(_ filters: Int, most: Int, panel: Int) -> Int {
        let panels = (filters + panel - 1) / panel
        return WinogradTiles.even(panels, most: max(most / panel, 1)) * panel
    }

    var parts: Int { tileParts.count * columnParts.count }
    var algorithm: String? { "Winograd \(size) × \(size)" }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        let v = spread.planes(frame)
        let rows = frame.at(rows, as: UnsafePointer<T>.self)
        spread.point(rows, to: v)
        let blocks = tileParts[part / columnParts.count]
        let chunks = columnParts[part % columnParts.count]
        let image = UnsafePointer(frame.reals(x))
        tiles.withUnsafeBufferPointer { tiles in
            guard let tiles = tiles.baseAddress else { return }
            for first in stride(from: blocks.lowerBound * block, to: min(blocks.upperBound * block, self.tiles.count), by: block) {
                let count = min(block, self.tiles.count - first)
                frame.kernels.winogradInput(
                    size, tiles + first, count, image, rowStride: imageLine, pixelStride: form.channels, channels: form.channels, v)
                for chunk in chunks { multiply(frame, chunk, rows, tiles + first, count) }
            }
        }
    }

    /// The products of some tiles with a chunk of columns, and the results they come to.
    private func multiply(
        _ frame: Frame<T>, _ chunk: Int, _ rows: UnsafePointer<UnsafePointer<T>>, _ tiles: UnsafePointer<kk_tile>, _ count: Int
    ) {
        let (kernels, columns) = (frame.kernels, form.columns(of: chunk))
        let planeSize = kernels.packedSize(form.channels, columns.count)
        var panels = UnsafePointer(frame.reals(weights)) + form.start(of: chunk, kernels)
        let y = Planes(base: frame.reals(products.location), step: products.step, stride: form.columns)
        withUnsafePointer(to: 0) { tap in
            for plane in 0..<form.planes {
                let row = WindowRows(rows: rows + plane * block, taps: 1, tapOffsets: tap, tapLength: form.channels)
                kernels.gemm(count, columns.count, row, panels, .plain, y.base + plane * y.step, outStride: y.stride)
                panels += planeSize
            }
        }
        let column = columns.lowerBound
        let epilogue = results.kernel(frame, column: column, place: column)
        let target = frame.reals(results.out) + column
        kernels.winogradOutput(
            size, tiles, count, y, columns.count, epilogue, target, rowStride: outputLine, pixelStride: form.filters)
        if results.epilogue.functions.isEmpty { return }
        for tile in UnsafeBufferPointer(start: tiles, count: count) {
            for row in 0..<Int(tile.rows) {
                results.epilogue.finish(
                    target + tile.to + row * outputLine, rows: Int(tile.columns), columns.count, stride: form.filters, kernels)
            }
        }
    }
}

/// How an image is cut for Winograd's algorithm.
enum WinogradTiles {
    /// - Parameter side: cells of the result that one of the output is made of.
    static func cut(_ size: Int, _ input: Shape, _ padding: [Edges], lengths: [Int], output: Shape, side: Int) -> [kk_tile] {
        let (height, width, channels, filters) = (input[1], input[2], input[3], output[3])
        let patch = size + 2
        var tiles: [kk_tile] = []
        for image in 0..<input[0] {
            for row in stride(from: 0, to: lengths[0], by: size) {
                for column in stride(from: 0, to: lengths[1], by: size) {
                    let (top, left) = (row - padding[0].before, column - padding[1].before)
                    tiles.append(
                        kk_tile(
                            from: ((image * height + top) * width + left) * channels,
                            to: ((image * output[1] + row / side) * output[2] + column / side) * filters,
                            top: UInt8(clamping: -top), bottom: UInt8(clamping: min(patch, height - top)),
                            left: UInt8(clamping: -left), right: UInt8(clamping: min(patch, width - left)),
                            rows: UInt8(min(size, lengths[0] - row)), columns: UInt8(min(size, lengths[1] - column))))
                }
            }
        }
        return tiles
    }

    /// Tiles of a block. Few blocks are an even number: of three, one of two threads would wait for the other.
    static func block(_ count: Int, most: Int) -> Int {
        let blocks = least(count, most: most)
        return share(count, of: blocks > 1 && blocks < 8 ? blocks + blocks % 2 : blocks)
    }

    /// Blocks of equal size, as many as there must be.
    static func even(_ count: Int, most: Int) -> Int { share(count, of: least(count, most: most)) }

    private static func least(_ count: Int, most: Int) -> Int { max((count + most - 1) / most, 1) }
    private static func share(_ count: Int, of blocks: Int) -> Int { max((count + blocks - 1) / blocks, 1) }
}

/// Transformed tiles in a part's own memory: plane by plane, in each a row of numbers for every tile.
struct SpreadTiles<T: ComputeScalar>: Sendable {
    private let location: Location
    private let planeCount: Int
    private let tiles: Int
    private let step: Int
    private let stride: Int

    init(planes: Int, tiles: Int, numbers: Int, _ plan: inout PlanBuilder<T>) {
        (planeCount, self.tiles) = (planes, tiles)
        stride = SpreadTiles.padded(numbers)
        step = SpreadTiles.odd(tiles * stride)
        location = plan.scratch(planes * step, of: T.self)
    }

    /// Numbers in a line of cache.
    private static var line: Int { 64 / MemoryLayout<T>.stride }

    /// A line of cache more than the numbers take, and an odd number of lines from plane to plane: whole powers of two would fall on few sets.
    static func padded(_ count: Int) -> Int { (count + line - 1) / line * line + line }
    static func odd(_ count: Int) -> Int { (count / line | 1) * line }

    func planes(_ frame: Frame<T>) -> Planes<T> { Planes(base: frame.reals(location), step: step, stride: stride) }

    /// Where each tile's row begins, plane by plane.
    func point(_ rows: UnsafeMutablePointer<UnsafePointer<T>>, to planes: Planes<T>) {
        for plane in 0..<planeCount {
            for tile in 0..<tiles { rows[plane * tiles + tile] = UnsafePointer(planes.base + plane * step + tile * stride) }
        }
    }
}

/// A 3 × 3 kernel in Winograd's planes: chunks of columns one after the other, in each the planes, in each the panels.
struct WinogradForm: Hashable, Sendable {
    let size: Int
    let channels: Int
    let filters: Int
    /// Columns of a chunk: whole panels.
    let columns: Int

    var planes: Int { (size + 2) * (size + 2) }
    var chunks: Int { (filters + columns - 1) / columns }

    func columns(of chunk: Int) -> Range<Int> { chunk * columns..<min((chunk + 1) * columns, filters) }

    /// Where a chunk begins.
    func start(of chunk: Int, _ kernels: some KernelTable) -> Int { chunk * planes * kernels.packedSize(channels, columns) }

    func packedSize(_ kernels: some KernelTable) -> Int {
        (0..<chunks).reduce(0) { $0 + planes * kernels.packedSize(channels, columns(of: $1).count) }
    }

    /// Weights of one plane.
    var planeSize: Int { channels * filters }

    func pack<K: KernelTable>(_ from: UnsafePointer<K.Scalar>, _ to: UnsafeMutablePointer<K.Scalar>, _ kernels: K) {
        for channel in 0..<channels { pack(channel, from, to, kernels) }
    }

    /// Transforms one channel's weights and lays them out in the panels of each plane.
    func pack<K: KernelTable>(
        _ channel: Int, _ from: UnsafePointer<K.Scalar>, _ to: UnsafeMutablePointer<K.Scalar>, _ kernels: K
    ) {
        let panel = kernels.packedSize(1, 1)
        for chunk in 0..<chunks {
            let columns = columns(of: chunk)
            let (step, target) = (kernels.packedSize(channels, columns.count), to + start(of: chunk, kernels) + channel * panel)
            for first in stride(from: columns.lowerBound, to: columns.upperBound, by: panel) {
                let row = target + (first - columns.lowerBound) * channels
                let count = min(panel, columns.upperBound - first)
                kernels.winogradWeights(size, count, from + channel * filters + first, tap: planeSize, row, step: step)
                guard count < panel else { continue }
                for plane in 0..<planes { (row + plane * step + count).update(repeating: 0, count: panel - count) }
            }
        }
    }
}

/// Transforms a kernel that changes from run to run into Winograd's planes.
private struct WinogradWeightsStep<T: ComputeScalar>: Step {
    private let form: WinogradForm
    private let from: Location
    private let to: Location
    private let channels: Parts

    init(_ form: WinogradForm, from: Location, to: Location) {
        (self.form, self.from, self.to) = (form, from, to)
        channels = Parts(form.channels, flops: 40 * Double(form.planes * form.planeSize), bytes: 0)
    }

    var parts: Int { channels.count }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        for channel in channels[part] { form.pack(channel, UnsafePointer(frame.reals(from)), frame.reals(to), frame.kernels) }
    }
}
