@testable import Tensors
import Testing

@Suite struct StatisticsTests {
    /// Number by number.
    func plain(_ values: [Double]) -> Statistics? {
        let finite = values.filter(\.isFinite)
        var statistics = Statistics()
        statistics.count = values.count
        statistics.nanCount = values.filter(\.isNaN).count
        statistics.infinityCount = values.filter(\.isInfinite).count
        statistics.sum = finite.reduce(0, +)
        statistics.least = finite.min() ?? .infinity
        statistics.most = finite.max() ?? -.infinity
        return statistics
    }

    @Test(arguments: DType.named.filter(\.isNumeric), [0, 1, 15, 16, 17, 4095, 4096, 4097, 10_000]) func everyTypeAndLength(
        dtype: DType, count: Int
    ) throws {
        // Whole numbers, so that every order of adding them gives the same.
        let numbers = (0..<count).map { Double(($0 * 37) % 100) }
        let tensor = try Tensor(numbers).converted(to: dtype)
        let values = try tensor.scalars(as: Double.self)
        #expect(try tensor.statistics() == plain(values))
        #expect(try tensor.sum() == values.reduce(0, +))
    }

    @Test(arguments: [DType.float16, .bfloat16, .float32, .float64]) func whatIsNotFiniteIsCounted(dtype: DType) throws {
        for place in [0, 3, 16, 5000, 9999] {
            var numbers = (0..<10_000).map { Double($0 % 50) - 20 }
            numbers[place] = .nan
            numbers[9998] = -.infinity
            numbers[7] = .infinity
            let tensor = try Tensor(numbers).converted(to: dtype)
            let statistics = try tensor.statistics()
            #expect(statistics == plain(numbers) && statistics.minimum == -20 && statistics.finiteCount == 9997)
            #expect(try tensor.sum().isNaN)
        }
        let none = try Tensor([Double.nan, .infinity]).converted(to: dtype).statistics()
        #expect(none.minimum == nil && none.maximum == nil && none.mean == nil && none.count == 2)
    }

    @Test func everyLayout() throws {
        let cube = try Tensor((0..<60_000).map { Float($0 % 1000) }, shape: [20, 30, 100])
        let whole = try cube.statistics()
        #expect(whole.mean == 499.5 && whole.minimum == 0 && whole.maximum == 999 && whole.count == 60_000)
        for axes in [[2, 1, 0], [1, 0, 2], [0, 2, 1], [2, 0, 1]] { #expect(try cube.transposed(axes).statistics() == whole, "\(axes)") }
        #expect(try cube.transposed([1, 0, 2]).sum() == whole.sum && cube.reversed(axes: 0..<3).statistics() == whole)
        #expect(try Tensor([Float(2.5)], shape: []).statistics().mean == 2.5 && Tensor(zeros: [3, 0]).statistics().mean == nil)
        let buffer = try Buffer(count: 4 * 5000 + 1)
        for index in 0..<5000 { buffer.bytes.storeBytes(of: Int32(index), toByteOffset: 4 * index + 1, as: Int32.self) }
        let shifted = Tensor(dtype: .int32, shape: [5000], buffer: buffer, byteOffset: 1)
        #expect(try shifted.statistics().maximum == 4999 && shifted.viewed(as: .float32).sum() >= 0)
    }

    @Test func largeNumbersKeepTheirRange() throws {
        let huge = try Tensor([1e308, 1e308, -1e308])
        let statistics = try huge.statistics()
        #expect(statistics.minimum == -1e308 && statistics.maximum == 1e308 && statistics.nanCount == 0)
        #expect(try Tensor([Float.greatestFiniteMagnitude, .greatestFiniteMagnitude]).sum() == 2 * Double(Float.greatestFiniteMagnitude))
        #expect(throws: KerasError.self) { try Tensor(zeros: [1], dtype: .complex64).sum() }
        #expect(throws: KerasError.self) { try Tensor(zeros: [1], dtype: .bytes(2)).statistics() }
    }
}
