import Tensors
import Testing

@Suite struct ViewTests {
    /// Elements of any size that say where they are, in memory that begins at no boundary.
    func numbered(_ shape: Shape, size: Int) throws -> Tensor {
        let buffer = try Buffer(count: shape.count * size + 1)
        for index in 0..<shape.count * size { buffer.bytes[index + 1] = UInt8(truncatingIfNeeded: index &* 31 &+ index / 251) }
        return Tensor(dtype: .void(size), shape: shape, buffer: buffer, byteOffset: 1)
    }

    /// The elements' bytes in row-major order, one by one.
    func plain(_ tensor: Tensor) -> [UInt8] {
        let size = tensor.dtype.size
        return (0..<tensor.count).flatMap { position in
            var (offset, rest) = (tensor.byteOffset, position)
            for axis in (0..<tensor.rank).reversed() {
                offset += rest % tensor.shape[axis] * tensor.byteStrides[axis]
                rest /= tensor.shape[axis]
            }
            return Array(tensor.buffer.bytes[offset..<offset + size])
        }
    }

    @Test(arguments: [1, 2, 3, 4, 7, 8, 12, 16, 24]) func copiesPackEveryOrder(size: Int) throws {
        var views: [Tensor] = []
        for dims in [[], [5], [3, 4], [1, 7], [70, 90], [2, 3, 4], [5, 1, 6], [2, 3, 4, 5], [0, 3], [3, 0, 2]] {
            let tensor = try numbered(Shape(dims), size: size)
            var axes = Array(0..<dims.count)
            for _ in 0..<4 {
                let turned = tensor.transposed(axes)
                views.append(turned)
                if !dims.isEmpty {
                    views.append(turned.reversed(axes: 0..<dims.count))
                    views.append(turned[turned.shape[0] / 2..<turned.shape[0]])
                }
                axes.shuffle()
            }
        }
        for view in views {
            let copy = try view.contiguous()
            #expect(copy.isContiguous && copy.shape == view.shape)
            #expect(copy.withUnsafeBytes { Array($0) } == plain(view), "\(view.shape) \(view.byteStrides)")
        }
    }

    @Test func structuresAreChecked() throws {
        typealias Field = StructuredType.Field
        let type = try StructuredType([Field("a", .int8, offset: 0), Field("b", .float64, shape: [2], offset: 8, title: "B")], size: 32)
        #expect(type.names == ["a", "b"] && type["B"]?.offset == 8 && type["b"]?.size == 16 && type["c"] == nil)
        #expect(
            "\(type)" == "[('a', int8), ('b', float64, (2,))]" && DType.structured(type).size == 32 && DType.structured(type).swapUnit == 1)
        #expect(try StructuredType(packing: [("x", .float32), ("y", .unicode(2))]).size == 12)
        for fields in [
            [Field("a", .int32, offset: 0), Field("b", .int8, offset: 3)], [Field("a", .int32, offset: 1)], [Field("a", .int8, offset: -1)],
            [Field("a", .int8, offset: 0), Field("a", .int8, offset: 1)], [Field("a", .int8, offset: 5)],
            [Field("a", .int8, offset: 0), Field("b", .int8, offset: 1, title: "a")],
        ] {
            #expect(throws: KerasError.self) { try StructuredType(fields, size: 4) }
        }
        #expect(throws: KerasError.self) { try StructuredType([], size: 1 << 31) }
    }

    @Test func fieldsAndParts() throws {
        let type = try StructuredType(packing: [("n", .uint8), ("z", .complex64)])
        var tensor = try Tensor(zeros: [2, 3], dtype: .structured(type))
        let address = tensor.uniqueAddress()
        let bytes = try #require(address)
        for index in 0..<6 {
            bytes.storeBytes(of: UInt8(index), toByteOffset: 9 * index, as: UInt8.self)
            bytes.storeBytes(of: Float(index) + 0.5, toByteOffset: 9 * index + 1, as: Float.self)
            bytes.storeBytes(of: -Float(index), toByteOffset: 9 * index + 5, as: Float.self)
        }
        let z = try tensor.field("z")
        #expect(!z.isAligned && !z.isContiguous && z.byteStrides == [27, 9])
        #expect(try z.real.scalars(as: Float.self) == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5])
        #expect(try z.imaginary?.transposed([1, 0]).scalars(as: Int.self) == [0, -3, -1, -4, -2, -5])
        #expect(try tensor.field("n").sum() == 15 && z.real.statistics().maximum == 5.5)
        #expect(try Tensor([1.5]).real.scalars(as: Double.self) == [1.5])
    }

    @Test func bytesCanBeSeenAsAnotherType() throws {
        #expect(try Tensor([Float(1)]).viewed(as: .uint32).scalars(as: UInt32.self) == [0x3F80_0000])
        #expect(try Tensor([Int64(5)]).viewed(as: .datetime64(TimeUnit(.days))).dtype.description == "datetime64[D]")
        #expect(throws: KerasError.self) { try Tensor([Float(1)]).viewed(as: .int64) }
    }

    @Test func textIsRead() throws {
        let bytes = Tensor(dtype: .bytes(3), shape: [2], buffer: try Buffer(count: 6))
        #expect(try bytes.strings() == ["", ""])
        #expect(
            try Tensor([UInt32(0x65E5), 0, 0x1F600, 0xD800, 0x110000, 0x41]).viewed(as: .unicode(1)).strings() == [
                "日", "", "😀", "\u{FFFD}", "\u{FFFD}", "A",
            ])
        #expect(throws: KerasError.self) { try Tensor([1]).strings() }
    }

    @Test func unitsOfTime() {
        for base in TimeUnit.Base.allCases where base != .generic {
            for multiple in [1, 7, Int(Int32.max)] {
                let unit = TimeUnit(base, multiple: multiple)
                #expect(TimeUnit(code: unit.description) == unit)
            }
        }
        for wrong in ["", "7", "0s", "ks", "s ", "-1s", "2147483648s", "S", "٣s", "1e3s"] {
            #expect(TimeUnit(code: wrong) == nil, "\(wrong)")
        }
    }

    @Test func truthValuesMayBeAnyByte() throws {
        let odd = try Tensor([UInt8(0), 1, 2, 255]).viewed(as: .bool)
        #expect(try odd.scalars(as: Bool.self) == [false, true, true, true])
        for dtype in DType.named where dtype.isNumeric && dtype != .bool {
            #expect(try odd.converted(to: dtype).scalars(as: Int.self) == [0, 1, 1, 1], "\(dtype)")
        }
        #expect(try odd.sum() == 3 && odd.contiguous().withUnsafeBytes { Array($0) } == [0, 1, 2, 255])
    }
}
