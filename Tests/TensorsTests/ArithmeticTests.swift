import Tensors
import Testing

@Suite struct ArithmeticTests {
    let cube: Tensor
    init() throws { cube = try Tensor(Array(Int32(0)..<24), shape: [2, 3, 4]) }

    @Test func numbersAreScaled() throws {
        let pixels = try Tensor([0, 51, 255] as [UInt8])
        #expect(try (pixels / 255).scalars(as: Float.self) == [0, 51 / 255, 1])
        #expect(try (pixels / 255).dtype == .float32)
        for type in [DType.float16, .bfloat16, .float32, .float64] {
            let scaled = try pixels.converted(to: type) * 0.5
            #expect(try scaled.dtype == type && scaled.scalars(as: Float.self) == [0, 25.5, 127.5])
        }
        #expect(try (cube.transposed([2, 0, 1]) * 2)[0..<1].scalars(as: Int.self) == [0, 8, 16, 24, 32, 40])
        // In double precision where the elements are.
        #expect(try (Tensor([1.0]) / 3).scalars(as: Double.self) == [1.0 / 3])
        #expect(throws: KerasError.self) { try Tensor(zeros: [1], dtype: .unicode(3)) / 2 }
    }

    @Test func theLargestOfEachRowIsFound() throws {
        #expect(try Tensor([1, 3, 2, 5, 5, 4] as [Float], shape: [2, 3]).argmax() == [1, 0])
        #expect(try Tensor([1, .nan, 9, -1, -2, -3] as [Float], shape: [2, 3]).argmax() == [1, 0])
        #expect(try cube.argmax() == [3, 3, 3, 3, 3, 3])
        #expect(try Tensor(zeros: [0, 3]).argmax() == [])
        #expect(throws: KerasError.self) { try Tensor(zeros: [3, 0]).argmax() }
    }
}
