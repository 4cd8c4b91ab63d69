import CKernels
import Testing

private let lengths = [1, 2, 3, 5, 7, 8, 9, 10, 15, 16, 17, 31, 33, 47, 48, 49, 63, 64, 65, 130, 1000]

@Suite struct RowTests {
    @Test(arguments: Table.all) func softmax(table: Table) {
        var random = Random(17)
        for n in lengths {
            for rows in [1, 2, 15, 16, 17, 35] where rows * n < 20000 {
                let x = random.floats(rows * n, -30...30), wide = x.map(Double.init)
                for logarithm in [false, true] {
                    let y = Guarded<Float>(rows * n)
                    var want = [Double](repeating: 0, count: rows * n)
                    if logarithm {
                        table.f.log_softmax(Guarded(x).base, y.base, rows, n)
                        reference.log_softmax(wide, &want, rows, n)
                    } else {
                        table.f.softmax(Guarded(x).base, y.base, rows, n)
                        reference.softmax(wide, &want, rows, n)
                    }
                    expectClose(y.values, want, scale: logarithm ? 60 : 0, tolerance: 4e-6, "\(table) \(rows)x\(n)")
                    #expect(y.intact)
                    // A row's bits do not depend on its neighbours, nor on being done in place.
                    let alone = Guarded(Array(x[((rows - 1) * n)...]))
                    (logarithm ? table.f.log_softmax : table.f.softmax)(alone.base, alone.base, 1, n)
                    #expect(sameBits(alone.values, Array(y.values[((rows - 1) * n)...])), "\(table) \(rows)x\(n)")
                }
            }
        }
    }

    @Test(arguments: Table.all) func softmaxEnds(table: Table) {
        for n in [3, 60] {
            var x = [Float](repeating: -.infinity, count: n)
            x[1] = 1000
            let y = Guarded<Float>(n)
            table.f.softmax(x, y.base, 1, n)
            #expect(y.values == (0..<n).map { $0 == 1 ? 1 : 0 })
            x[2] = .nan
            table.f.softmax(x, y.base, 1, n)
            #expect(y.values.allSatisfy { $0.isNaN })
            x = .init(repeating: .infinity, count: n)
            table.f.softmax(x, y.base, 1, n)
            #expect(y.values.allSatisfy { $0.isNaN })
        }
    }

    @Test(arguments: Table.all) func normalizeRows(table: Table) {
        var random = Random(19)
        for n in lengths {
            let x = random.floats(3 * n, 4...6), gamma = random.floats(n), beta = random.floats(n)
            for affine in [false, true] {
                let y = Guarded<Float>(3 * n)
                var want = [Double](repeating: 0, count: 3 * n)
                let g = Guarded(gamma), b = Guarded(beta)
                table.f.normalize_rows(Guarded(x).base, 3, n, 1e-3, affine ? g.base : nil, affine ? b.base : nil, y.base)
                let wideGamma = gamma.map(Double.init), wideBeta = beta.map(Double.init)
                wideGamma.withUnsafeBufferPointer { g in
                    wideBeta.withUnsafeBufferPointer { b in
                        reference.normalize_rows(
                            x.map(Double.init), 3, n, Double(Float(1e-3)), affine ? g.baseAddress : nil,
                            affine ? b.baseAddress : nil, &want)
                    }
                }
                // The mean of numbers around 5 is exact to about 5e-7, divided by a deviation of at least 0.03.
                expectClose(y.values, want, scale: 1, tolerance: 2e-5, "\(table) n \(n) affine \(affine)")
                #expect(y.intact)
            }
        }
    }

    @Test(arguments: Table.all) func reductions(table: Table) {
        var random = Random(23)
        for raw in 0..<Int32(kk_reduce_count) {
            let kind = kk_reduce(rawValue: raw)!, name = String(cString: kk_reduce_name(kind))
            for n in lengths {
                for rows in [1, 2, 5, 300] where rows * n < 20000 {
                    let x = kind == .product ? random.floats(rows * n, 0.9...1.1) : random.floats(rows * n)
                    let wide = x.map(Double.init)
                    let byRow = Guarded<Float>(rows), byColumn = Guarded<Float>(n)
                    var rowsWant = [Double](repeating: 0, count: rows), columnsWant = [Double](repeating: 0, count: n)
                    table.f.reduce_rows(kind, Guarded(x).base, rows, n, byRow.base)
                    table.f.reduce_columns(kind, Guarded(x).base, rows, n, byColumn.base)
                    reference.reduce_rows(kind, wide, rows, n, &rowsWant)
                    reference.reduce_columns(kind, wide, rows, n, &columnsWant)
                    let product = kind == .product
                    expectClose(
                        byRow.values, rowsWant, scale: product ? 0 : kind == .mean ? 1 : Double(n).squareRoot(),
                        tolerance: product ? Double(n) * 0x1p-24 : 1e-6, "\(table) \(name) rows of \(rows)x\(n)")
                    expectClose(
                        byColumn.values, columnsWant, scale: product ? 0 : kind == .mean ? 1 : Double(rows).squareRoot(),
                        tolerance: product ? Double(rows) * 0x1p-24 : 1e-6, "\(table) \(name) columns of \(rows)x\(n)")
                    #expect(byRow.intact && byColumn.intact)
                }
            }
        }
    }

    @Test(arguments: Table.all) func longSumsStayExact(table: Table) {
        // A plain chain of a million tenths is off by 1 %.
        let x = [Float](repeating: 0.1, count: 1_000_000)
        var y: Float = 0
        let want = Double(Float(0.1)) * 1_000_000
        for columns in [false, true] {
            columns ? table.f.reduce_columns(.sum, x, x.count, 1, &y) : table.f.reduce_rows(.sum, x, 1, x.count, &y)
            expectClose([y], [want], scale: 0, tolerance: 1e-4, "\(table)")
        }
    }

    @Test(arguments: Table.all) func largestPassesNotANumber(table: Table) {
        for n in [1, 5, 16, 70, 300] {
            for place in [0, n / 2, n - 1] {
                var x = [Float](repeating: 1, count: n), y: Float = 0
                x[place] = .nan
                table.f.reduce_rows(.max, x, 1, n, &y)
                #expect(y.isNaN)
                table.f.reduce_columns(.min, x, n, 1, &y)
                #expect(y.isNaN)
            }
        }
    }
}
