import JSON
import Tensors

/// Spreads the shades of an image evenly, tile by tile: `(n, h, w, c)` → `(n, h, w, c)`. Source: Keras 3, `clahe.py`.
public struct ContrastLimitedAdaptiveHistogramEqualization: Layer {
    public static let className = "ContrastLimitedAdaptiveHistogramEqualization"
    public static let dialects: Set<Dialect> = [.keras3]
    public static let blank = ContrastLimitedAdaptiveHistogramEqualization()
    public static let writesInputShape = false
    public static let keys: [ConfigKey<ContrastLimitedAdaptiveHistogramEqualization>] = [
        .key("data_format", \.dataFormat),
        .key("value_range", \.valueRange),
        .key("clip_limit", \.clipLimit),
        .key("tile_grid_size", \.grid),
    ]

    public var base = LayerBase()
    /// The least and the largest value there may be. Keras: `value_range`.
    public var valueRange = Numbers([0, 255])
    /// How much more often than on average a shade counts at most; 0 for no limit. Keras: `clip_limit`.
    public var clipLimit = 4.0
    /// Tiles along the height and the width. Keras: `tile_grid_size`.
    var grid = [8, 8]
    public var dataFormat = DataFormat.channelsLast

    public init() {}

    public func outputShapes(_ inputs: [SymbolicShape]) throws -> [SymbolicShape] {
        let input = try onlyInput(inputs)
        try input.check(rank: 4)
        try checkExtents(grid, rank: 2, key: "tile_grid_size")
        guard valueRange.values.count == 2, valueRange.values[0] < valueRange.values[1] else {
            throw KerasError(.malformed, "a range has no two ends", at: Place(key: "value_range"), found: "\(valueRange.values)")
        }
        return [input]
    }

    public func lower(_ inputs: [Value], _ call: LayerCall) throws -> [Value] {
        let original = inputs[0].dtype.isFloatingPoint ? inputs[0] : try call.cast(inputs[0], call.computeType)
        let (low, high) = (valueRange.values[0], valueRange.values[1])
        let isPlain = low == 0 && high == 255
        let result = try call.channelsLast(try call.cast(original, .float32), dataFormat) { x in
            let shades = isPlain ? x : try call.emit(.unary(.affine(scale: 255 / (high - low), offset: -low * 255 / (high - low))), x)
            let even = try equalized(shades, call)
            return isPlain ? even : try call.emit(.unary(.affine(scale: (high - low) / 255, offset: low)), even)
        }
        return [try call.cast(result, original.dtype)]
    }

    private func constant(_ numbers: [Double], _ shape: Shape, _ call: LayerCall) throws -> Value {
        call.lowering.graph.constant(try Tensor(numbers, shape: shape).converted(to: .float32))
    }

    /// `x` at these places of an axis.
    private func taken(_ x: Value, axis: Int, _ places: [Int], _ call: LayerCall) throws -> Value {
        var order = Array(0..<x.rank)
        order.swapAt(0, axis)
        let table = call.lowering.graph.constant(try Tensor(places.map(Int32.init)))
        return try call.transpose(try call.emit(.gather, try call.transpose(x, order), table), order)
    }

    /// Images `(n, h, w, c)` of shades from 0 to 255.
    private func equalized(_ images: Value, _ call: LayerCall) throws -> Value {
        let (n, height, width, c) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3])
        let (rows, columns) = (grid[0], grid[1])
        let (tall, wide) = ((height + rows - 1) / rows, (width + columns - 1) / columns)
        let (fullHeight, fullWidth) = (tall * rows, wide * columns)
        guard fullHeight <= 2 * height, fullWidth <= 2 * width else {
            throw KerasError(.mismatch, "an image is too small for its tiles", found: "\(height) × \(width)", expected: "tiles \(grid)")
        }
        _ = try Shape(checking: [n, rows, columns, c, 256])
        // Mirrored at the end, its last line twice.
        var whole = images
        if fullHeight > height { whole = try taken(whole, axis: 1, (0..<fullHeight).map { $0 < height ? $0 : 2 * height - 1 - $0 }, call) }
        if fullWidth > width { whole = try taken(whole, axis: 2, (0..<fullWidth).map { $0 < width ? $0 : 2 * width - 1 - $0 }, call) }
        let shades = try call.cast(try call.emit(.unary(.clamp(low: 0, high: 255)), whole), .int32)

        // How often each tile has each shade: (n, rows, columns, c, 256), counted at (tile, shade).
        let area = tall * wide
        let tiles = try call.transpose(try call.reshape(shades, [n, rows, tall, columns, wide, c]), [0, 1, 3, 5, 2, 4])
        let tileCount = n * rows * columns * c
        let flat = try call.reshape(tiles, [tileCount, area])
        let firsts = call.lowering.graph.constant(try Tensor((0..<tileCount).map { Int32($0 * 256) }, shape: [tileCount, 1]))
        let cells = try call.reshape(try call.emit(.binary(.add), flat, firsts), [tileCount * area])
        let ones = try constant(Array(repeating: 1, count: tileCount * area), [tileCount * area], call)
        var counts = try call.reshape(try call.emit(.scatterAdd(rows: tileCount * 256), ones, cells), [tileCount, 256])
        if clipLimit > 0 {
            let clipped = try call.emit(.unary(.clamp(low: 0, high: clipLimit * Double(area) / 256)), counts)
            let excess = try call.emit(.reduce(.sum, axes: [1], keepDims: true), try call.emit(.binary(.subtract), counts, clipped))
            counts = try call.emit(.binary(.add), clipped, try call.emit(.unary(.affine(scale: 1.0 / 256, offset: 0)), excess))
        }
        // What share of a tile is no lighter.
        let triangle = (0..<256).flatMap { i in (0..<256).map { j in i <= j ? 1.0 : 0 } }
        let sums = try call.emit(.matrixMultiply, counts, try constant(triangle, [256, 256], call))
        let least = try call.emit(.reduce(.min, axes: [1], keepDims: true), sums)
        let above = try call.emit(.unary(.affine(scale: 255, offset: 0)), try call.emit(.binary(.subtract), sums, least))
        let span = try call.emit(.unary(.affine(scale: -1, offset: Double(area))), least)
        let isNone = try call.emit(.binary(.equal), span, try constant([0], [], call))
        let shares = try call.emit(
            .unary(.clamp(low: 0, high: 255)), try call.emit(.binary(.divide), above, try call.emit(.binary(.add), span, isNone)))

        // Each point between the four tiles round it.
        func places(_ tiles: Int, _ size: Int) -> (before: [Int], weight: [Double]) {
            let points = (0..<tiles * size).map { (Float($0) - Float(size) / 2) / Float(size) + 1 }
            let before = points.map { $0.rounded(.down) }
            // Tiles are counted from 1: what lies before the first is the first's, and so at the end.
            return (before.map { Int($0) }, zip(points, before).map { Double($0 - $1) })
        }
        let (y, x) = (places(rows, tall), places(columns, wide))
        func look(_ down: Int, _ right: Int) throws -> Value {
            var firsts: [Int32] = []
            firsts.reserveCapacity(n * fullHeight * fullWidth * c)
            for image in 0..<n {
                for i in 0..<fullHeight {
                    let row = min(max(y.before[i] + down - 1, 0), rows - 1)
                    for j in 0..<fullWidth {
                        let column = min(max(x.before[j] + right - 1, 0), columns - 1)
                        for channel in 0..<c { firsts.append(Int32((((image * rows + row) * columns + column) * c + channel) * 256)) }
                    }
                }
            }
            let table = call.lowering.graph.constant(try Tensor(firsts, shape: shades.shape))
            return try call.emit(.gather, try call.reshape(shares, [tileCount * 256]), try call.emit(.binary(.add), shades, table))
        }
        func between(_ a: Value, _ b: Value, _ weights: [Double], _ shape: Shape) throws -> Value {
            let second = try call.emit(.binary(.multiply), b, try constant(weights, shape, call))
            return try call.emit(
                .binary(.add), try call.emit(.binary(.multiply), a, try constant(weights.map { 1 - $0 }, shape, call)), second)
        }
        let across: Shape = [1, 1, fullWidth, 1]
        let top = try between(try look(0, 0), try look(0, 1), x.weight, across)
        let bottom = try between(try look(1, 0), try look(1, 1), x.weight, across)
        let result = try between(top, bottom, y.weight, [1, fullHeight, 1, 1])
        return try call.emit(.slice(starts: [0, 0, 0, 0], sizes: [n, height, width, c]), result)
    }
}
