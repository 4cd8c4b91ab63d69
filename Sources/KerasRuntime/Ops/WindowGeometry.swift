import KerasModel
import Tensors

/// How the windows of a convolution lie in its images, and in what pieces they are gone through.
///
/// The outermost spatial axis is cut into *lines*. Padding is never put round a whole image: the lines that a run of windows sees are
/// copied into a strip with their zeros, and a strip is small enough to stay in the cache.
struct WindowGeometry: Sendable {
    let images: Int
    /// Numbers in one image, and in one of its lines with and without padding.
    let imageSize: Int
    let lineSize: Int
    let paddedLineSize: Int
    /// Lines of an image, and zeros before them.
    let lines: Int
    let linesBefore: Int
    /// Runs of contiguous numbers a window consists of: offsets from its beginning, and their common length.
    let taps: [Int]
    let tapLength: Int
    /// The output comes in units of one line (two where 2 × 2 results give one): so many an image, so many lines from one to the next,
    /// so many lines seen by one.
    let unitsPerImage: Int
    let unitStep: Int
    let unitExtent: Int
    /// Where each window of a unit begins. Where results are pooled, four that belong together follow each other.
    let windows: [Int]
    /// Where a unit is a line of windows that lie evenly: from one to the next, and from those of a pooled pair of lines to the others.
    let line: (step: Int, lineStep: Int)?
    /// Copies a line into the padded one, whose zeros are already there; nil where lines are used as they are.
    let padding: StridedCopy?
    /// Zeros at both ends of a padded line, where these are all there are in it.
    let edges: Edges?
    /// The padded line has other cells that must be zero.
    let hasInnerZeros: Bool

    var units: Int { images * unitsPerImage }
    var hasPadding: Bool { padding != nil }

    /// - Parameters:
    ///   - input: `(n, s…, c)`.
    ///   - tapChannels: of the c channels a window sees so many together.
    ///   - output: s'… before any pooling.
    ///   - spaces: rows a multiple of 4 KiB apart, which would fall on the same sets of the first cache, are copied further apart.
    init(input: Shape, tapChannels: Int, kernel: [Int], output: [Int], _ convolution: Convolution, pools: Bool, spaces: Bool = true) {
        let (spatial, channels) = (Array(input.dims[1..<(input.rank - 1)]), input.dims[input.rank - 1])
        images = input[0]
        imageSize = Shape(spatial + [channels]).count
        let padded = zip(spatial, convolution.padding).map { $0 + $1.total }
        // Single cells can be set further apart.
        let clashes = spaces && kernel.allSatisfy { $0 == 1 } && convolution.strides.allSatisfy { $0 == 1 } && channels % 1024 == 0
        let pixel = clashes && tapChannels == channels ? channels + 16 : channels
        let isPadded = padded != spatial || pixel != channels
        let pitches = Array(Shape(padded + [pixel]).strides.dropLast())
        lines = spatial[0]
        linesBefore = convolution.padding[0].before
        lineSize = imageSize / max(lines, 1)
        paddedLineSize = pitches[0]
        let steps = zip(pitches, convolution.strides).map { $0 * $1 }
        let extent = (kernel[0] - 1) * convolution.dilation[0] + 1
        if pools {
            unitsPerImage = output[0] / 2
            unitStep = 2 * convolution.strides[0]
            unitExtent = extent + convolution.strides[0]
            windows = (0..<(output[1] / 2)).flatMap { column in
                [0, steps[1], steps[0], steps[0] + steps[1]].map { 2 * column * steps[1] + $0 }
            }
        } else {
            unitsPerImage = output[0]
            unitStep = convolution.strides[0]
            unitExtent = extent
            windows = WindowGeometry.offsets(Array(output.dropFirst()), Array(steps.dropFirst()))
        }
        line = steps.count == 2 ? (steps[1], steps[0]) : nil
        // Neighbouring cells of a line are one run, unless channels of other groups stand between them.
        let joins = tapChannels == channels && convolution.dilation.last == 1
        taps = WindowGeometry.offsets(
            joins ? Array(kernel.dropLast()) : kernel, zip(pitches, convolution.dilation).map { $0 * $1 })
        tapLength = joins ? (kernel.last ?? 1) * channels : tapChannels
        let inner = Array(zip(convolution.padding, pitches).dropFirst())
        padding =
            isPadded
            ? StridedCopy(
                Array(spatial.dropFirst()) + [channels], from: Shape(Array(spatial.dropFirst()) + [channels]).strides,
                to: Array(pitches.dropFirst()) + [1], toOffset: inner.reduce(0) { $0 + $1.0.before * $1.1 }) : nil
        hasInnerZeros = padded != spatial
        edges = inner.count == 1 && pixel == channels ? Edges(inner[0].0.before * channels, inner[0].0.after * channels) : nil
    }

    /// The offsets of all cells of a box, in row-major order.
    static func offsets(_ lengths: [Int], _ pitches: [Int]) -> [Int] {
        zip(lengths, pitches).reduce([0]) { offsets, axis in
            offsets.flatMap { offset in (0..<axis.0).map { offset + $0 * axis.1 } }
        }
    }
}

/// Goes through the windows of a convolution, a few hundred at a time.
struct WindowStrips<T: ComputeScalar>: Sendable {
    let geometry: WindowGeometry
    /// Units a strip serves.
    private let stripUnits: Int
    /// Where each unit's windows begin, in the image or in the strip.
    private let bases: Location
    private let strip: Location?
    private let table: RowTable<T>

    /// A strip with its padding stays in the second-level cache, with what else a product needs there.
    private static var stripBytes: Int { 192 << 10 }

    init(_ geometry: WindowGeometry, _ plan: inout PlanBuilder<T>) {
        self.geometry = geometry
        let rows = max(geometry.windows.count, 1)
        var most = max(RowTable<T>.limit / rows, 1)
        if geometry.hasPadding {
            let unitBytes = max(geometry.unitStep * geometry.paddedLineSize, 1) * MemoryLayout<T>.stride
            most = min(most, max(WindowStrips.stripBytes / unitBytes, 4))
        }
        stripUnits = max(min(most, geometry.units), 1)
        bases = plan.scratch(stripUnits, of: UnsafePointer<T>.self)
        // A strip may begin in one image and end in another: each brings the lines that its last window reaches beyond its step.
        let pieces = min(stripUnits / max(geometry.unitsPerImage, 1) + 2, stripUnits)
        let lines = stripUnits * geometry.unitStep + pieces * max(geometry.unitExtent - geometry.unitStep, 0)
        strip = geometry.hasPadding ? plan.scratch(lines * geometry.paddedLineSize, of: T.self) : nil
        table = RowTable(&plan, rows: rows * stripUnits)
    }

    /// Calls `body` with the rows of some windows, their number, and the first of them among all windows.
    func forEachBlock(
        _ frame: Frame<T>, _ units: Range<Int>, _ x: UnsafePointer<T>, _ body: (WindowRows<T>, _ count: Int, _ first: Int) -> Void
    ) {
        let bases = frame.at(bases, as: UnsafePointer<T>.self)
        let perUnit = geometry.windows.count
        geometry.taps.withUnsafeBufferPointer { taps in
            geometry.windows.withUnsafeBufferPointer { windows in
                guard let offsets = taps.baseAddress, let windows = windows.baseAddress else { return }
                for unit in stride(from: units.lowerBound, to: units.upperBound, by: stripUnits) {
                    let count = min(stripUnits, units.upperBound - unit)
                    place(frame, unit..<(unit + count), x, bases)
                    for first in stride(from: 0, to: count * perUnit, by: RowTable<T>.limit) {
                        let rows = min(RowTable<T>.limit, count * perUnit - first)
                        let filled = table.fill(frame, UnsafePointer(bases), windows, perUnit, first, rows)
                        body(
                            WindowRows(rows: filled, taps: taps.count, tapOffsets: offsets, tapLength: geometry.tapLength), rows,
                            unit * perUnit + first)
                    }
                }
            }
        }
    }

    /// Calls `body` with each unit's windows, where these are a line, and their place among all windows.
    func forEachLine(
        _ frame: Frame<T>, _ units: Range<Int>, _ x: UnsafePointer<T>, _ distances: (step: Int, lineStep: Int),
        _ body: (WindowLine<T>, _ first: Int) -> Void
    ) {
        let bases = frame.at(bases, as: UnsafePointer<T>.self)
        geometry.taps.withUnsafeBufferPointer { taps in
            guard let offsets = taps.baseAddress else { return }
            for unit in stride(from: units.lowerBound, to: units.upperBound, by: stripUnits) {
                let count = min(stripUnits, units.upperBound - unit)
                place(frame, unit..<(unit + count), x, bases)
                for index in 0..<count {
                    body(
                        WindowLine(
                            first: bases[index], step: distances.step, lineStep: distances.lineStep, taps: taps.count, tapOffsets: offsets,
                            tapLength: geometry.tapLength), (unit + index) * geometry.windows.count)
                }
            }
        }
    }

    /// Finds where the windows of each unit begin; copies their lines first if there is padding.
    private func place(
        _ frame: Frame<T>, _ units: Range<Int>, _ x: UnsafePointer<T>, _ bases: UnsafeMutablePointer<UnsafePointer<T>>
    ) {
        let perImage = geometry.unitsPerImage
        var free = strip.map { frame.reals($0) }
        var (unit, base) = (units.lowerBound, bases)
        while unit < units.upperBound {
            let (image, first) = (unit / perImage, unit % perImage)
            let count = min(perImage - first, units.upperBound - unit)
            let source = x + image * geometry.imageSize
            let line = first * geometry.unitStep
            var start = source + line * geometry.lineSize
            if let target = free {
                let seen = (count - 1) * geometry.unitStep + geometry.unitExtent
                pad(source, line - geometry.linesBefore, seen, target)
                start = UnsafePointer(target)
                free = target + seen * geometry.paddedLineSize
            }
            for index in 0..<count { base[index] = start + index * geometry.unitStep * geometry.paddedLineSize }
            base += count
            unit += count
        }
    }

    /// Copies `count` lines from line `first` on, which may lie outside, with the zeros round them.
    private func pad(_ source: UnsafePointer<T>, _ first: Int, _ count: Int, _ target: UnsafeMutablePointer<T>) {
        guard let padding = geometry.padding else { return }
        let size = geometry.paddedLineSize
        for index in 0..<count {
            let (line, to) = (first + index, target + index * size)
            if line < 0 || line >= geometry.lines {
                to.update(repeating: 0, count: size)
            } else if let edges = geometry.edges {
                to.update(repeating: 0, count: edges.before)
                (to + edges.before).update(from: source + line * geometry.lineSize, count: geometry.lineSize)
                (to + size - edges.after).update(repeating: 0, count: edges.after)
            } else {
                if geometry.hasInnerZeros { to.update(repeating: 0, count: size) }
                padding.run(source + line * geometry.lineSize, to)
            }
        }
    }
}
