import Tensors
import Testing

@Suite struct TensorTests {
    let cube: Tensor
    init() throws { cube = try Tensor(Array(Int32(0)..<24), shape: [2, 3, 4]) }

    @Test func holdsWhatItIsGiven() throws {
        #expect(cube.dtype == .int32 && cube.rank == 3 && cube.count == 24 && cube.byteCount == 96 && cube.isContiguous)
        #expect(try cube.scalars(as: Int.self) == Array(0..<24))
        #expect(try Tensor(zeros: [2, 2], dtype: .float64).scalars(as: Double.self) == [0, 0, 0, 0])
        #expect(try Tensor([Float](), shape: [0, 3]).scalars(as: Float.self).isEmpty)
        #expect(try Tensor([true], shape: []).rank == 0)
        #expect(throws: KerasError.self) { try Tensor([1, 2, 3], shape: [2]) }
    }

    @Test func transposedViewsCopyInOrder() throws {
        let turned = cube.transposed([2, 0, 1])
        #expect(turned.shape == [4, 2, 3] && !turned.isContiguous && turned.buffer === cube.buffer)
        let expected = (0..<4).flatMap { last in (0..<2).flatMap { first in (0..<3).map { first * 12 + $0 * 4 + last } } }
        #expect(try turned.contiguous().isContiguous)
        #expect(try turned.scalars(as: Int.self) == expected)
        #expect(try turned.transposed([1, 2, 0]).scalars(as: Int.self) == Array(0..<24))
        #expect(cube.transposed([1, 2, 0]).transposed([2, 0, 1]).isContiguous)
        #expect(try turned.reshaped(to: [24]).scalars(as: Int.self) == expected)
        // An axis of one element may have any stride.
        #expect(try Tensor([1, 2, 3], shape: [1, 3]).transposed([1, 0]).isContiguous)
        #expect(try Tensor(zeros: [0, 5]).transposed([1, 0]).contiguous().shape == [5, 0])
    }

    @Test func slicesShareMemory() throws {
        let rows = cube[1..<2]
        #expect(rows.shape == [1, 3, 4] && rows.buffer === cube.buffer)
        #expect(try rows.scalars(as: Int.self) == Array(12..<24))
        #expect(try cube.transposed([1, 0, 2])[1..<3].scalars(as: Int.self) == [4, 5, 6, 7, 16, 17, 18, 19, 8, 9, 10, 11, 20, 21, 22, 23])
        #expect(cube[2..<2].count == 0 && cube[2..<2].isContiguous)
    }

    @Test func unalignedViewsAreCopied() throws {
        let buffer = try Buffer(count: 33)
        for (index, value) in [1.5, -2.5, 3.5, 0].enumerated() {
            buffer.bytes.storeBytes(of: value, toByteOffset: 1 + 8 * index, as: Double.self)
        }
        let tensor = Tensor(dtype: .float64, shape: [2, 2], buffer: buffer, byteOffset: 1)
        #expect(try tensor.contiguous().buffer !== buffer)
        #expect(try tensor.scalars(as: Double.self) == [1.5, -2.5, 3.5, 0])
        #expect(try tensor.transposed([1, 0]).scalars(as: Float.self) == [1.5, 3.5, -2.5, 0])
        #expect(try tensor.converted(to: .int8).scalars(as: Int8.self) == [1, -2, 3, 0])
    }

    @Test func convertsAsNumpyDoes() throws {
        #expect(try Tensor([300, -1, 0]).converted(to: .uint8).scalars(as: UInt8.self) == [44, 255, 0])
        #expect(try Tensor([1.9, -1.9, 0.5]).converted(to: .int32).scalars(as: Int32.self) == [1, -1, 0])
        #expect(try Tensor([0.0, -0.0, 0.1, .nan]).converted(to: .bool).scalars(as: Bool.self) == [false, false, true, true])
        #expect(try Tensor([true, false]).converted(to: .float32).scalars(as: Float.self) == [1, 0])
        #expect(try Tensor([UInt64.max]).converted(to: .float64).scalars(as: Double.self) == [18_446_744_073_709_551_616])
        #expect(try Tensor([UInt64.max]).converted(to: .int64).scalars(as: Int64.self) == [-1])
        #expect(try Tensor([Double.nan, .infinity, -1e300]).converted(to: .int16).scalars(as: Int16.self) == [0, .max, .min])
        #expect(try Tensor([1e300, 1e-50, 0.1]).converted(to: .float32).scalars(as: Float.self) == [.infinity, 0, 0.1])
        #expect(try Tensor([Float(65520), 1.0009765625]).converted(to: .float16).scalars(as: Float16.self) == [.infinity, 1.0009765625])
        #expect(try Tensor([UInt8(0), 255]).converted(to: .float32).scalars(as: Float.self) == [0, 255])
    }

    @Test func everyPairOfNumbersConverts() throws {
        for source in DType.named where source.isNumeric {
            for target in DType.named where target.isNumeric {
                let tensor = try Tensor([0, 1, 1]).converted(to: source).converted(to: target)
                #expect(tensor.dtype == target)
                #expect(try tensor.scalars(as: Int.self) == [0, 1, 1], "\(source) to \(target)")
            }
        }
    }

    @Test func bfloat16RoundsToNearestEven() {
        #expect(BFloat16(1).bitPattern == 0x3F80)
        #expect(BFloat16(Float(bitPattern: 0x3F80_8000)).bitPattern == 0x3F80)
        #expect(BFloat16(Float(bitPattern: 0x3F81_8000)).bitPattern == 0x3F82)
        #expect(BFloat16(Float(bitPattern: 0x3F80_8001)).bitPattern == 0x3F81)
        #expect(BFloat16(.greatestFiniteMagnitude).float == .infinity && BFloat16(.nan).float.isNaN)
        #expect(BFloat16(-.infinity).float == -.infinity)
    }

    @Test func whatIsNoNumberIsRefused() throws {
        let strings = Tensor(dtype: .bytes(3), shape: [2], buffer: try Buffer(count: 6))
        let error = try #require(throws: KerasError.self) { try strings.scalars(as: Float.self) }
        #expect(error.problems[0].kind == .unsupported)
        #expect(throws: KerasError.self) { try Tensor(zeros: [1], dtype: .complex64).converted(to: .float32) }
        #expect(try strings.transposed([0]).contiguous().byteCount == 6)
    }
}

@Suite struct ShapeTests {
    @Test func sizesFromOutsideAreChecked() throws {
        #expect(try Shape(checking: [2, 3]).count == 6 && Shape(checking: [5, 0, 3]).count == 0)
        #expect(throws: KerasError.self) { try Shape(checking: [-1]) }
        #expect(throws: KerasError.self) { try Shape(checking: [1 << 32, 1 << 32]) }
        #expect(throws: KerasError.self) { try Shape(checking: [0, .max]) }
        #expect(throws: KerasError.self) { try Shape(checking: [.max, .max, 0]) }
        #expect(try Shape(checking: [Shape.maximumCount]).count == Shape.maximumCount)
        #expect(try Shape(checking: []).count == 1)
    }

    @Test func describesItselfAsPythonDoes() {
        #expect("\(Shape([]))" == "()" && "\(Shape([3]))" == "(3,)" && "\(Shape([3, 4]))" == "(3, 4)")
        #expect(Shape([2, 3, 4]).strides == [12, 4, 1] && Shape([2, 0, 4]).strides == [4, 4, 1])
    }

    @Test func namesOfElementTypes() {
        for dtype in DType.named { #expect(DType(name: dtype.description) == dtype) }
        #expect(DType(name: "float") == nil && DType.unicode(3).size == 12 && DType.complex128.swapUnit == 8)
    }
}
