import CKernels
import Testing

private let kinds = (0..<Int32(kk_binary_count)).map { kk_binary(rawValue: $0)! }

@Suite struct BinaryTests {
    @Test(arguments: Table.all) func matchesDouble(table: Table) {
        var random = Random(3)
        let special: [Float] = [0, -0.0, 1, -1, .infinity, -.infinity, .nan, 2]
        for kind in kinds {
            for n in [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33, 100] {
                // Every special value meets every other somewhere in the longest.
                let left = (0..<n).map { $0 < 64 ? special[$0 % 8] : random.float(0...4) }
                let right = (0..<n).map { $0 < 64 ? special[$0 / 8] : random.float() }
                for (aStep, bStep) in [(1, 1), (0, 1), (1, 0), (0, 0)] {
                    let a = aStep == 1 ? left : [left[n - 1]], b = bStep == 1 ? right : [right[n - 1]]
                    let out = Guarded<Float>(n)
                    var want = [Double](repeating: 0, count: n)
                    table.f.binary(kind, Guarded(a).base, aStep, Guarded(b).base, bStep, out.base, n)
                    reference.binary(kind, a.map(Double.init), aStep, b.map(Double.init), bStep, &want, n)
                    expectClose(
                        out.values, want, scale: 0, tolerance: 0x1p-22,
                        "\(table) \(String(cString: kk_binary_name(kind))) n \(n) steps \(aStep) \(bStep)")
                    #expect(out.intact)
                }
            }
        }
    }

    @Test(arguments: Table.all) func maximumPassesNotANumber(table: Table) {
        for kind in [kk_binary.maximum, .minimum] {
            let out = Guarded<Float>(3)
            table.f.binary(kind, [.nan, 1, 2], 1, [1, .nan, 3], 1, out.base, 3)
            #expect(out.base[0].isNaN && out.base[1].isNaN && out.base[2] == (kind == .maximum ? 3 : 2))
        }
    }

    @Test(arguments: Table.all) func scaleShift(table: Table) {
        var random = Random(5)
        for n in [1, 3, 4, 7, 8, 16, 17, 40] {
            let x = random.floats(n * 5), scale = random.floats(n), shift = random.floats(n)
            let y = Guarded<Float>(n * 5)
            var want = [Double](repeating: 0, count: n * 5)
            table.f.scale_shift(Guarded(x).base, 5, n, Guarded(scale).base, Guarded(shift).base, -0.25, 0.5, y.base)
            reference.scale_shift(
                x.map(Double.init), 5, n, scale.map(Double.init), shift.map(Double.init), -0.25, 0.5, &want)
            expectClose(y.values, want, scale: 1, tolerance: 0x1p-22, "\(table) n \(n)")
        }
    }
}
