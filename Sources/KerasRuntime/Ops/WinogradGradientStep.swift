internal import CKernels
import KerasModel
import Tensors

/// What the kernel of a 3 × 3 convolution gets, by Winograd's algorithm read the other way: Gᵀ[(A dy Aᵀ) ⊙ (Bᵀ x B)]G, summed over the tiles.
///
/// The sums of a part stay in the second-level cache while the tiles go by in blocks; the matrices are those of ``WinogradStep``.
struct WinogradGradientStep<T: ComputeScalar>: Step {
    private let size: Int
    private let x: Location
    private let dy: Location
    private let out: Location
    private let imageLine: Int
    private let gradientLine: Int
    private let channels: Int
    private let filters: Int
    private let tiles: [kk_tile]
    private let split: WinogradGradientSplit
    /// Tiles that are transformed together.
    private let block: Int
    /// Of a part: the transformed tiles of the input and of the gradient, and the sums of their products.
    private let spread: SpreadTiles<T>
    private let gradients: SpreadTiles<T>
    private let sums: (location: Location, step: Int)
    private let rows: Location

    init(_ size: Int, _ convolution: Convolution, _ node: Draft.Node, _ plan: inout PlanBuilder<T>) throws {
        let (input, gradient) = (plan.shape(node.inputs[0]), plan.shape(node.inputs[1]))
        self.size = size
        (channels, filters) = (input[3], gradient[3])
        (imageLine, gradientLine) = (input[2] * channels, gradient[2] * filters)
        (x, dy) = (try plan.location(node.inputs[0]), try plan.location(node.inputs[1]))
        tiles = WinogradTiles.cut(
            size, input, convolution.padding, lengths: Array(gradient.dims[1...2]), output: gradient, side: 1)
        split = WinogradGradientSplit(tiles: tiles.count, channels: channels, filters: filters)
        out = try .chunks(split.chunks, of: node, &plan)
        let planes = (size + 2) * (size + 2)
        let (c, f) = (split.channelsPerPart, split.filtersPerPart)
        // What is left of the second-level cache beside the sums holds the block.
        let free = max(WinogradGradientStep.cached / MemoryLayout<T>.stride - planes * c * f, 0)
        block = min(max(free / (planes * (c + f)), 16), 64)
        spread = SpreadTiles(planes: planes, tiles: block, numbers: c, &plan)
        gradients = SpreadTiles(planes: planes, tiles: block, numbers: f, &plan)
        let step = SpreadTiles<T>.odd(SpreadTiles<T>.padded(c * f))
        sums = (plan.scratch(planes * step, of: T.self), step)
        rows = plan.scratch(planes * block, of: UnsafePointer<T>.self)
    }

    /// Most of a core's second-level cache.
    private static var cached: Int { 900 << 10 }

    var parts: Int { split.parts }
    var algorithm: String? { "Winograd \(size) × \(size)" }

    @specialized(where T == Float)
    func run(_ frame: Frame<T>, part: Int) {
        let planes = (size + 2) * (size + 2)
        let (mine, channels, filters) = split[part]
        let (v, z) = (spread.planes(frame), gradients.planes(frame))
        let rows = frame.at(rows, as: UnsafePointer<T>.self)
        spread.point(rows, to: v)
        let sums = frame.reals(sums.location)
        sums.update(repeating: 0, count: planes * self.sums.step)
        let (image, gradient) = (UnsafePointer(frame.reals(x)), UnsafePointer(frame.reals(dy)))
        tiles.withUnsafeBufferPointer { tiles in
            guard let tiles = tiles.baseAddress else { return }
            for first in stride(from: mine.lowerBound, to: mine.upperBound, by: block) {
                let count = min(block, mine.upperBound - first)
                frame.kernels.winogradInput(
                    size, tiles + first, count, image + channels.lowerBound, rowStride: imageLine, pixelStride: self.channels,
                    channels: channels.count, v)
                frame.kernels.winogradOutputGradient(
                    size, tiles + first, count, gradient + filters.lowerBound, rowStride: gradientLine, pixelStride: self.filters,
                    filters.count, z)
                withUnsafePointer(to: 0) { tap in
                    for plane in 0..<planes {
                        let row = WindowRows(rows: rows + plane * block, taps: 1, tapOffsets: tap, tapLength: channels.count)
                        frame.kernels.outerProduct(
                            count, filters.count, row, UnsafePointer(z.base) + plane * z.step, stride: z.stride,
                            sums + plane * self.sums.step)
                    }
                }
            }
        }
        let tap = self.channels * self.filters
        let target = frame.reals(out) + split.chunk(of: part) * 9 * tap
        for (row, channel) in channels.enumerated() {
            frame.kernels.winogradWeightsGradient(
                size, filters.count, UnsafePointer(sums) + row * filters.count, step: self.sums.step,
                target + channel * self.filters + filters.lowerBound, tap: tap)
        }
    }
}

/// How the sums are shared out: by channels and filters, so that those of a part stay in the cache, and by runs of tiles where that gives too
/// few parts. It hangs on the problem alone, not on the number of threads.
struct WinogradGradientSplit {
    let chunks: Int
    let channelsPerPart: Int
    let filtersPerPart: Int
    let channelRanges: Int
    let filterRanges: Int
    private let tiles: Int
    private let channels: Int
    private let filters: Int

    /// Channels and filters of a part, at most: 6 × 6 planes of them are 576 KiB.
    private static let most = 64
    private static let fewestParts = 4
    private static let tilesPerChunk = 64

    init(tiles: Int, channels: Int, filters: Int) {
        (self.tiles, self.channels, self.filters) = (tiles, channels, filters)
        channelsPerPart = WinogradGradientSplit.even(channels)
        filtersPerPart = WinogradGradientSplit.even(filters)
        channelRanges = (channels + channelsPerPart - 1) / channelsPerPart
        filterRanges = (filters + filtersPerPart - 1) / filtersPerPart
        let grid = channelRanges * filterRanges
        let wanted = grid < WinogradGradientSplit.fewestParts ? 2 * WinogradGradientSplit.fewestParts / grid : 1
        chunks = max(min(wanted, tiles / WinogradGradientSplit.tilesPerChunk), 1)
    }

    /// Equal runs of whole vectors of 32.
    private static func even(_ count: Int) -> Int {
        count <= most ? count : WinogradTiles.even((count + 31) / 32, most: most / 32) * 32
    }

    var parts: Int { chunks * channelRanges * filterRanges }

    func chunk(of part: Int) -> Int { part / (channelRanges * filterRanges) }

    subscript(part: Int) -> (tiles: Range<Int>, channels: Range<Int>, filters: Range<Int>) {
        let chunk = chunk(of: part)
        let (row, column) = (part / filterRanges % channelRanges * channelsPerPart, part % filterRanges * filtersPerPart)
        return (
            chunk * tiles / chunks..<(chunk + 1) * tiles / chunks, row..<min(row + channelsPerPart, channels),
            column..<min(column + filtersPerPart, filters)
        )
    }
}
