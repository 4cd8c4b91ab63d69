import Keras
import Testing

@Suite struct ToCategoricalTests {
    @Test func isKerasToCategorical() throws {
        let rows = try toCategorical(Tensor([1, 0, 2] as [UInt8]), numClasses: 4)
        #expect(rows.shape == [3, 4] && rows.dtype == .float32)
        #expect(try rows.scalars(as: Float.self) == [0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0])
        #expect(try toCategorical(Tensor([1, 0, 2])).shape == [3, 3])
        #expect(try toCategorical(Tensor([1, 0, 2], shape: [3, 1])).shape == [3, 3])
        #expect(try toCategorical(Tensor([1, 0, 2, 3], shape: [2, 2])).shape == [2, 2, 4])
        #expect(try toCategorical(Tensor([0, 0], shape: [2, 1, 1])).shape == [2, 1, 1])
        // A single label in one axis is a batch of one.
        #expect(try toCategorical(Tensor([2])).shape == [1, 3])
        #expect(try toCategorical(Tensor([1.9, 0.2]), dtype: .float64).scalars(as: Double.self) == [0, 1, 1, 0])
    }

    @Test(arguments: [([4], 4), ([-1], 4), ([0], 0)]) func refuses(labels: [Int], classes: Int) throws {
        let error = try #require(throws: KerasError.self) { try toCategorical(Tensor(labels), numClasses: classes) }
        #expect(error.problems[0].kind == .mismatch)
    }
}
