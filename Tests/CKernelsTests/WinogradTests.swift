import CKernels
import Testing

/// A 3 × 3 convolution of stride 1 over one image.
private struct Problem: CustomStringConvertible {
    var height: Int, width: Int, channels: Int, filters: Int
    /// Rows and columns of zeros round the image.
    var padding: Int
    var pool = 1

    var description: String { "\(height) × \(width) × \(channels) to \(filters), padding \(padding), pool \(pool)" }
    var rows: Int { height + 2 * padding - 2 }
    var columns: Int { width + 2 * padding - 2 }
    /// Of the output.
    var outRows: Int { pool == 4 ? rows / 2 : rows }
    var outColumns: Int { pool == 4 ? columns / 2 : columns }
    var outCount: Int { outRows * outColumns * filters }

    /// Odd sizes, so that patches stick out on every side, and channels that leave lanes empty.
    static let all: [Problem] = [(3, 3), (5, 5), (6, 6), (7, 9), (13, 8), (4, 18)].flatMap { height, width in
        [(1, 1), (3, 5), (16, 16), (17, 33), (40, 31)].flatMap { channels, filters in
            [0, 1].flatMap { padding in
                [1, 4].map { Problem(height: height, width: width, channels: channels, filters: filters, padding: padding, pool: $0) }
            }
        }
    }

    func tiles(_ m: Int) -> [kk_tile] {
        let p = m + 2, step = pool == 4 ? m / 2 : m
        return stride(from: 0, to: rows, by: m).flatMap { y in
            stride(from: 0, to: columns, by: m).map { x in
                let (top, left) = (y - padding, x - padding)
                return kk_tile(
                    from: (top * width + left) * channels, to: (y / m * step * outColumns + x / m * step) * filters,
                    top: UInt8(max(0, -top)), bottom: UInt8(min(p, height - top)), left: UInt8(max(0, -left)),
                    right: UInt8(min(p, width - left)), rows: UInt8(min(m, rows - y)), columns: UInt8(min(m, columns - x)))
            }
        }
    }

    /// The three transformations round plain products, which are the same for every table.
    func winograd(_ f: kk_table_f32, _ m: Int, _ x: [Float], _ kernel: [Float], _ bias: [Float], _ addend: [Float]?, cut: Int? = nil)
        -> [Float]
    {
        let tiles = tiles(m), planes = (m + 2) * (m + 2)
        let (vStride, yStride) = (channels + 3, filters + 1)
        let u = Guarded<Float>(planes * channels * filters), v = Guarded<Float>(planes * tiles.count * vStride)
        let y = Guarded<Float>(planes * tiles.count * yStride), out = Guarded<Float>(outCount, fill: 777), image = Guarded(x)
        let bias = Guarded(bias), addend = addend.map { Guarded($0) }
        f.winograd_weights(m, channels * filters, Guarded(kernel).base, channels * filters, u.base, channels * filters)
        var epilogue = kk_epilogue_f32(
            bias: bias.base, addend: addend.map { UnsafePointer($0.base) }, addend_stride: 0, low: -0.5, high: .infinity, pool: pool)
        let ranges = cut.map { [0..<min($0, tiles.count), min($0, tiles.count)..<tiles.count] } ?? [0..<tiles.count]
        tiles.withUnsafeBufferPointer { tiles in
            for range in ranges {
                f.winograd_input(
                    m, tiles.baseAddress! + range.lowerBound, range.count, image.base, width * channels, channels, channels,
                    v.base + range.lowerBound * vStride, tiles.count * vStride, vStride)
            }
            for plane in 0..<planes {
                for tile in tiles.indices {
                    for filter in 0..<filters {
                        var sum = 0.0
                        for channel in 0..<channels {
                            sum +=
                                Double(v.base[(plane * tiles.count + tile) * vStride + channel])
                                * Double(u.base[(plane * channels + channel) * filters + filter])
                        }
                        y.base[(plane * tiles.count + tile) * yStride + filter] = Float(sum)
                    }
                }
            }
            for range in ranges {
                f.winograd_output(
                    m, tiles.baseAddress! + range.lowerBound, range.count, y.base + range.lowerBound * yStride,
                    tiles.count * yStride, yStride, filters, &epilogue, out.base, outColumns * filters, filters)
            }
        }
        #expect(u.intact && v.intact && y.intact && out.intact)
        return out.values
    }

    /// The convolution itself, in double precision.
    func direct(_ x: [Float], _ kernel: [Float], _ bias: [Float], _ addend: [Float]?) -> [Double] {
        var out = [Double](repeating: -.infinity, count: outCount)
        for row in 0..<(pool == 4 ? rows / 2 * 2 : rows) {
            for column in 0..<(pool == 4 ? columns / 2 * 2 : columns) {
                for filter in 0..<filters {
                    var sum = Double(bias[filter])
                    for cell in 0..<9 {
                        let (y, x0) = (row + cell / 3 - padding, column + cell % 3 - padding)
                        guard y >= 0, y < height, x0 >= 0, x0 < width else { continue }
                        for channel in 0..<channels {
                            sum +=
                                Double(x[(y * width + x0) * channels + channel])
                                * Double(kernel[(cell * channels + channel) * filters + filter])
                        }
                    }
                    let side = pool == 4 ? 2 : 1
                    let place = ((row / side) * outColumns + column / side) * filters + filter
                    out[place] = max(out[place], max(sum + Double(addend?[place] ?? 0), -0.5))
                }
            }
        }
        return out
    }
}

@Suite struct WinogradTests {
    /// Sums of 9c products of numbers below 1: the error grows with their magnitude, here at most 9c.
    @Test(arguments: Table.all, [2, 3, 4]) func isTheConvolution(table: Table, m: Int) {
        for problem in Problem.all where problem.outCount > 0 && (problem.pool == 1 || m % 2 == 0) {
            var random = Random(UInt64(problem.outCount))
            let x = random.floats(problem.height * problem.width * problem.channels)
            let kernel = random.floats(9 * problem.channels * problem.filters), bias = random.floats(problem.filters)
            let addend = problem.pool == 1 && problem.channels == 16 ? random.floats(problem.outCount) : nil
            let got = problem.winograd(table.f, m, x, kernel, bias, addend)
            let want = problem.direct(x, kernel, bias, addend)
            expectClose(
                got, want, scale: Double(problem.channels).squareRoot() * 3, tolerance: m < 4 ? 1e-6 : 2.5e-6, "\(table) m \(m) \(problem)"
            )
        }
    }

    @Test(arguments: Table.all, [2, 3, 4]) func sameBitsHoweverTilesAreCut(table: Table, m: Int) {
        for problem in Problem.all where problem.outCount > 0 && problem.height > 5 && (problem.pool == 1 || m % 2 == 0) {
            var random = Random(7)
            let x = random.floats(problem.height * problem.width * problem.channels)
            let kernel = random.floats(9 * problem.channels * problem.filters), bias = random.floats(problem.filters)
            let whole = problem.winograd(table.f, m, x, kernel, bias, nil)
            #expect(sameBits(whole, problem.winograd(table.f, m, x, kernel, bias, nil, cut: 1)), "\(table) m \(m) \(problem)")
        }
    }

    /// What the matrices are: a single cell by hand.
    @Test(arguments: [2, 3, 4]) func aSingleWeightMovesTheImage(m: Int) {
        let problem = Problem(height: 6, width: 6, channels: 1, filters: 1, padding: 0)
        let x = (0..<36).map(Float.init)
        var kernel = [Float](repeating: 0, count: 9)
        kernel[5] = 1  // row 1, column 2
        let got = problem.winograd(Table.all.last!.f, m, x, kernel, [0], nil)
        for row in 0..<4 { for column in 0..<4 { #expect(abs(got[row * 4 + column] - x[(row + 1) * 6 + column + 2]) < 1e-4) } }
    }
}
