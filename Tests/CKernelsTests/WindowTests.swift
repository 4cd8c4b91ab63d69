import CKernels
import Testing

private let channelCounts = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 67]

@Suite struct WindowTests {
    @Test(arguments: Table.all) func depthwise(table: Table) {
        var random = Random(29)
        for channels in channelCounts {
            for (pixels, taps, multiplier) in [(1, 1, 1), (3, 9, 1), (4, 9, 1), (9, 4, 1), (5, 3, 2), (2, 2, 3)] {
                let width = channels * multiplier, stride = width + 1
                let offsets = (0..<taps).map { $0 * channels * 2 }
                let x = random.floats((pixels - 1) * channels + offsets[taps - 1] + channels)
                let weights = random.floats(taps * width), bias = random.floats(width)
                let out = Guarded<Float>((pixels - 1) * stride + width), input = Guarded(x)
                let rows = (0..<pixels).map { UnsafePointer(input.base + $0 * channels) }
                table.f.depthwise(
                    pixels, rows, taps, offsets, channels, multiplier, Guarded(weights).base, Guarded(bias).base, -0.5, 1,
                    out.base, stride)
                var want = [Double](repeating: 0, count: out.count)
                x.map(Double.init).withUnsafeBufferPointer { wide in
                    let rows = (0..<pixels).map { wide.baseAddress! + $0 * channels }
                    reference.depthwise(
                        pixels, rows, taps, offsets, channels, multiplier, weights.map(Double.init),
                        bias.map(Double.init), -0.5, 1, &want, stride)
                }
                expectClose(
                    out.values, want, scale: 1, tolerance: 1e-6,
                    "\(table) \(channels) channels times \(multiplier), \(pixels) pixels, \(taps) taps")
                #expect(out.intact)
            }
        }
    }

    @Test(arguments: Table.all) func pooling(table: Table) {
        var random = Random(31)
        let (depth, height, width) = (3, 4, 7)
        for channels in channelCounts {
            var x = random.floats(depth * height * width * channels)
            x[0] = .nan
            x[x.count - 1] = -.infinity
            let wide = x.map(Double.init)
            for (nd, nh, nw, step) in [(1, 2, 2, 2), (1, 1, 1, 1), (1, 1, 3, 1), (2, 3, 2, 1), (3, 4, 1, 1), (1, 3, 3, 2)] {
                let count = (width - nw) / step + 1
                let sd = height * width * channels, sh = width * channels
                // The last window ends where the input does.
                let start = x.count - ((nd - 1) * sd + (nh - 1) * sh + ((count - 1) * step + nw) * channels)
                for from in [0, start] {
                    let input = Guarded(Array(x[from...])), out = Guarded<Float>(count * channels)
                    var want = [Double](repeating: 0, count: count * channels)
                    let wideInput = Array(wide[from...]), what = "\(table) \(channels) channels, window \(nd)x\(nh)x\(nw)"
                    table.f.max_pool(
                        input.base, count, step * channels, nd, sd, nh, sh, nw, channels, channels, out.base)
                    reference.max_pool(wideInput, count, step * channels, nd, sd, nh, sh, nw, channels, channels, &want)
                    expectClose(out.values, want, scale: 0, tolerance: 0, "max \(what)")
                    let divisor = nd * nh * nw
                    table.f.sum_pool(
                        input.base, count, step * channels, nd, sd, nh, sh, nw, channels, channels, Float(divisor),
                        out.base)
                    reference.sum_pool(
                        wideInput, count, step * channels, nd, sd, nh, sh, nw, channels, channels, Double(divisor), &want)
                    expectClose(out.values, want, scale: 1, tolerance: 1e-6, "mean \(what)")
                    #expect(out.intact)
                }
            }
        }
    }

    @Test(arguments: Table.all) func maxPoolPassesNotANumber(table: Table) {
        for place in 0..<4 {
            var x: [Float] = [1, 2, 3, 4], y: Float = 0
            x[place] = .nan
            table.f.max_pool(x, 1, 0, 1, 0, 2, 2, 2, 1, 1, &y)
            #expect(y.isNaN)
        }
    }
}
