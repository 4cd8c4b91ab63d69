import CKernels
import Testing

@Suite struct MoveTests {
    @Test(arguments: Table.all) func transpose(table: Table) {
        for rows in [1, 2, 3, 4, 5, 8, 17, 33, 70] {
            for columns in [1, 3, 4, 7, 16, 19, 64] {
                let x = (0..<rows * columns).map(Float.init), y = Guarded<Float>(rows * columns, fill: -1)
                table.f.transpose(Guarded(x).base, rows, columns, y.base)
                let right = (0..<columns).allSatisfy { c in
                    (0..<rows).allSatisfy { y.base[c * rows + $0] == Float($0 * columns + c) }
                }
                #expect(right && y.intact, "\(table) \(rows)x\(columns)")
            }
        }
    }

    @Test(arguments: Table.all) func gather(table: Table) {
        for width in [1, 3, 16, 21] {
            let x = (0..<7 * width).map(Float.init), indices: [Int32] = [6, 0, 3, 3]
            let out = Guarded<Float>(4 * width)
            table.f.gather(Guarded(x).base, width, indices, 4, out.base)
            #expect(out.values == indices.flatMap { x[Int($0) * width..<(Int($0) + 1) * width] })
            #expect(out.intact)
        }
    }

    @Test(arguments: Table.all) func scatterAdd(table: Table) {
        for channels in [1, 3, 4, 8, 13, 16, 17, 40] {
            // Steps shorter than the rows: neighbours overlap, and add up.
            for (inStep, outStep) in [(channels, channels), (channels, max(1, channels / 2)), (2 * channels, 0)] {
                let count = 5
                let x = (0..<(count - 1) * inStep + channels).map(Float.init)
                let out = Guarded<Float>((count - 1) * outStep + channels, fill: 1)
                var want = [Float](repeating: 1, count: out.count)
                for i in 0..<count { for c in 0..<channels { want[i * outStep + c] += x[i * inStep + c] } }
                table.f.scatter_add_rows(Guarded(x).base, inStep, out.base, outStep, count, channels)
                #expect(out.values == want && out.intact, "\(table) \(channels) by \(inStep) to \(outStep)")
            }
        }
    }
}
