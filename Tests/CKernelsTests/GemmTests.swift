import CKernels
import Testing

/// One product: `m` rows of `taps` runs of `length`, over `n` columns.
private struct Shape: CustomStringConvertible {
    var m: Int, n: Int, taps: Int, length: Int
    var description: String { "m \(m) n \(n) taps \(taps) length \(length)" }

    static let all: [Shape] = {
        var shapes: [Shape] = []
        for m in Array(1...14) + [23, 24, 25, 97] {
            for n in [1, 3, 4, 5, 8, 10, 15, 16, 17, 31, 32, 33, 64, 65] {
                shapes.append(Shape(m: m, n: n, taps: 1 + (m + n) % 3, length: 1 + (m * 7 + n) % 9))
            }
        }
        shapes += [
            Shape(m: 1, n: 200, taps: 1, length: 70), Shape(m: 2, n: 131, taps: 1, length: 70),
            Shape(m: 30, n: 32, taps: 3, length: 3), Shape(m: 29, n: 37, taps: 3, length: 3),
            Shape(m: 250, n: 40, taps: 3, length: 96), Shape(m: 100, n: 33, taps: 1, length: 1500),
            Shape(m: 13, n: 40, taps: 9, length: 300),
            Shape(m: 3, n: 5, taps: 0, length: 4), Shape(m: 3, n: 5, taps: 2, length: 0),
        ]
        return shapes
    }()
}

/// The operands of a product, the same for every table and for the reference.
private struct Problem {
    let shape: Shape
    var input: [Float], weights: [Float], bias: [Float]?, addend: [Float]?, offsets: [Int], rowStep: Int

    init(_ shape: Shape, bias hasBias: Bool) {
        var random = Random(UInt64(shape.m * 1009 + shape.n * 31 + shape.length))
        self.shape = shape
        rowStep = shape.length  // rows overlap as windows do
        offsets = (0..<shape.taps).map { $0 * (shape.length + 2) }
        input = random.floats(max(1, (shape.m - 1) * rowStep + (offsets.last ?? 0) + shape.length))
        weights = random.floats(shape.taps * shape.length * shape.n)
        bias = hasBias ? random.floats(shape.n) : nil
    }

    /// The same with something to add, in the layout of `run`'s results.
    var withAddend: Problem {
        var problem = self
        var random = Random(UInt64(shape.m * 7 + shape.n))
        problem.addend = random.floats((shape.m - 1) * (shape.n + 3) + shape.n)
        return problem
    }

    /// The product, in calls of the rows between `cuts`.
    func run(_ f: kk_table_f32, low: Float, high: Float, cuts: [Int], transposed: Bool = false, pool: Int = 1) -> [Float] {
        let k = shape.taps * shape.length, stride = shape.n + 3
        let addend = self.addend.map { Guarded($0) }
        let input = Guarded(self.input), bias = self.bias.map { Guarded($0) }
        let packed = Guarded<Float>(f.packed_size(k, shape.n))
        let results = shape.m / pool
        let out = Guarded<Float>((results - 1) * stride + shape.n, fill: 777)
        if transposed {
            var flipped = weights
            for i in 0..<k { for j in 0..<shape.n { flipped[j * k + i] = weights[i * shape.n + j] } }
            f.pack(k, shape.n, Guarded(flipped).base, 1, k, packed.base)
        } else {
            f.pack(k, shape.n, Guarded(weights).base, shape.n, 1, packed.base)
        }
        let rows = (0..<shape.m).map { UnsafePointer(input.base + $0 * rowStep) }
        var start = 0
        for end in cuts + [shape.m] {
            rows.withUnsafeBufferPointer { rows in
                guard end > start else { return }
                var epilogue = kk_epilogue_f32(
                    bias: bias.map { UnsafePointer($0.base) }, addend: addend.map { UnsafePointer($0.base + start * stride) },
                    addend_stride: 0,
                    low: low, high: high, pool: pool)
                f.gemm(
                    end - start, shape.n, rows.baseAddress! + start, shape.taps, offsets, shape.length, packed.base, &epilogue,
                    out.base + start / pool * stride, stride)
            }
            start = end
        }
        #expect(out.intact && packed.intact)
        let whole = out.values
        for i in 0..<(results - 1) { #expect(whole[i * stride + shape.n..<(i + 1) * stride].allSatisfy { $0 == 777 }) }
        return (0..<results).flatMap { whole[$0 * stride..<$0 * stride + shape.n] }
    }

    func reference(low: Double, high: Double) -> [Double] {
        let f = CKernelsTests.reference, k = shape.taps * shape.length
        let input = self.input.map(Double.init), bias = self.bias?.map(Double.init)
        var packed = [Double](repeating: 0, count: max(1, f.packed_size(k, shape.n)))
        f.pack(k, shape.n, weights.map(Double.init), shape.n, 1, &packed)
        var out = [Double](repeating: 0, count: shape.m * shape.n)
        input.withUnsafeBufferPointer { input in
            let rows = (0..<shape.m).map { input.baseAddress! + $0 * rowStep }
            func call(_ bias: UnsafePointer<Double>?) {
                var epilogue = kk_epilogue_f64(bias: bias, addend: nil, addend_stride: 0, low: low, high: high, pool: 1)
                f.gemm(shape.m, shape.n, rows, shape.taps, offsets, shape.length, packed, &epilogue, &out, shape.n)
            }
            if let bias { bias.withUnsafeBufferPointer { call($0.baseAddress) } } else { call(nil) }
        }
        return out
    }
}

@Suite struct GemmTests {
    @Test func theReferenceIsAProduct() {
        // By hand: the float64 table itself has to be right about something.
        let f = reference
        var packed = [Double](repeating: -1, count: f.packed_size(2, 2)), out = [0.0, 0, 0, 0]
        f.pack(2, 2, [1, 2, 3, 4], 2, 1, &packed)
        let a: [Double] = [5, 6, 7, 8]
        a.withUnsafeBufferPointer { a in
            let bias = [100.0, -100]
            bias.withUnsafeBufferPointer { bias in
                var epilogue = kk_epilogue_f64(bias: bias.baseAddress, addend: nil, addend_stride: 0, low: 0, high: 130, pool: 1)
                f.gemm(2, 2, [a.baseAddress!, a.baseAddress! + 2], 1, [0], 2, packed, &epilogue, &out, 2)
            }
        }
        #expect(out == [123, 0, 130, 0])
        #expect(packed[2...7].allSatisfy { $0 == 0 })
    }

    /// Sums of k products of numbers below 1, in partial sums of 128 to 255: beyond that the error grows slowly with k.
    @Test(arguments: Table.all) func matchesDouble(table: Table) {
        for shape in Shape.all {
            let k = Double(shape.taps * shape.length)
            for (bias, low, high) in [(true, 0, Float.infinity), (false, -Float.infinity, .infinity), (true, -0.5, 0.5)] {
                let problem = Problem(shape, bias: bias)
                let got = problem.run(table.f, low: low, high: high, cuts: [])
                let want = problem.reference(low: Double(low), high: Double(high))
                expectClose(
                    got, want, scale: 1, tolerance: (min(k / 2, 128) + k / 16 + 12) * 0x1p-24, "\(table) \(shape) bias \(bias)")
            }
        }
    }

    @Test(arguments: Table.all) func sameBitsHoweverRowsAreCut(table: Table) {
        for shape in Shape.all where shape.m > 1 {
            let problem = Problem(shape, bias: true)
            let whole = problem.run(table.f, low: 0, high: .infinity, cuts: [])
            for cuts in [[1], [shape.m / 2], Array(1..<shape.m), [shape.m / 3, shape.m - 1]] {
                let cut = problem.run(table.f, low: 0, high: .infinity, cuts: cuts)
                #expect(sameBits(whole, cut), "\(table) \(shape) cut at \(cuts)")
            }
        }
    }

    @Test(arguments: Table.all) func anAddendGivesTheBitsOfAnAddition(table: Table) {
        for shape in Shape.all {
            let problem = Problem(shape, bias: true).withAddend
            let plain = Problem(shape, bias: true).run(table.f, low: -.infinity, high: .infinity, cuts: [])
            let want = plain.indices.map { index in
                max(plain[index] + problem.addend![index / shape.n * (shape.n + 3) + index % shape.n], 0)
            }
            let got = problem.run(table.f, low: 0, high: .infinity, cuts: [shape.m / 2])
            // Zero has two signs, and `max` chooses otherwise than a clamp.
            #expect(sameBits(got.map { $0 + 0 }, want.map { $0 + 0 }), "\(table) \(shape)")
        }
    }

    @Test(arguments: Table.all) func aPoolGivesTheBitsOfTheLargest(table: Table) {
        for shape in Shape.all where shape.m % 4 == 0 {
            var problem = Problem(shape, bias: true)
            if shape.n > 8 { problem.input[0] = .nan }
            let all = problem.run(table.f, low: 0, high: 0.7, cuts: [])
            let got = problem.run(table.f, low: 0, high: 0.7, cuts: shape.m > 4 ? [shape.m / 8 * 4] : [], pool: 4)
            let want = (0..<got.count).map { place in
                let (group, column) = (place / shape.n, place % shape.n)
                return (0..<4).map { all[(group * 4 + $0) * shape.n + column] }.reduce(-.infinity) {
                    $0.isNaN || $1.isNaN ? .nan : max($0, $1)
                }
            }
            #expect(sameBits(got, want), "\(table) \(shape)")
        }
    }

    @Test(arguments: Table.all) func packsATransposedOperand(table: Table) {
        for shape in Shape.all where shape.m == 5 {
            let problem = Problem(shape, bias: true)
            #expect(
                sameBits(
                    problem.run(table.f, low: -1, high: 1, cuts: []),
                    problem.run(table.f, low: -1, high: 1, cuts: [], transposed: true)))
        }
    }

    @Test(arguments: Table.all) func notANumberComesThrough(table: Table) {
        for n in [1, 10, 33, 64] {
            var problem = Problem(Shape(m: 13, n: n, taps: 2, length: 5), bias: true)
            problem.input[0] = .nan
            problem.input[problem.input.count - 1] = .infinity
            let got = problem.run(table.f, low: 0, high: 6, cuts: [])
            let want = problem.reference(low: 0, high: 6)
            #expect(got[0].isNaN && want[0].isNaN)
            expectClose(got, want, scale: 1, tolerance: 1e-5, "\(table) n \(n)")
        }
    }
}
