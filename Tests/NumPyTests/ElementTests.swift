import Foundation
@testable import NumPy
import Storage
import Testing

/// Elements that are more than a number.
@Suite struct ElementTests {
    func load(_ name: String) throws -> Tensor { try NPY.load(fixtures.appending(path: name + ".npy").path) }

    @Test func fieldsAreViews() throws {
        for name in ["structure", "structure.big"] {
            let points = try load(name)
            let (x, y) = (try points.field("x"), try points.field("y"))
            #expect(x.buffer === points.buffer && y.buffer === points.buffer && x.dtype == .float32 && y.shape == [2, 2])
            #expect(try y.scalars(as: Int.self) == [2, 3, 4, 5] && x.scalars(as: Float.self)[0] == 1.5)
            #expect(try points[1..<2].field("y").scalars(as: Int.self) == [4, 5])
            let error = try #require(throws: KerasError.self) { try points.field("z") }
            #expect(error.problems[0].kind == .mismatch && error.description.contains("'x', 'y'"))
        }
        let nested = try load("structure.nested")
        #expect(try nested.field("name").strings() == ["ab", "日本"])
        #expect(try nested.field("mixed").scalars(as: Int.self) == (0..<8).map { $0 * 257 })
        let places = try nested.field("at").field("where")
        #expect(try places.shape == [2, 2] && places.field("x").scalars(as: Float.self) == [1, 2, 3, 4])
        #expect(try nested.field("at").field("when").viewed(as: .int64).scalars(as: Int.self) == [5, -6])
        let z = try nested.field("z")
        #expect(try z.real.scalars(as: Float.self) == [1, 0] && z.imaginary?.scalars(as: Float.self) == [2, -3])
        #expect(try load("structure.titles").field("first").scalars(as: Int.self) == [1])
        #expect(try load("structure.titles").field("a").scalars(as: Int.self) == [1])
        let padded = try load("structure.padded")
        #expect(try padded.field("b").isAligned && padded.field("b").scalars(as: Double.self) == [0.5, 1.5, -2.5])
        #expect(try padded.field("c").strings() == ["one", "two", ""])
        let packed = try load("structure.fortran")
        #expect(try !packed.field("b").isAligned && packed.field("b").scalars(as: Int.self) == [2, 4, 6, 8])
        #expect(try load("structure.long").field("n").scalars(as: Int.self) == [0])
        #expect(throws: KerasError.self) { try load("f4").field("x") }
        #expect(try load("f4").imaginary == nil && load("structure.empty").dtype.size == 0)
    }

    @Test func timesHaveUnits() throws {
        #expect(try load("date.25us").dtype == .datetime64(TimeUnit(.microseconds, multiple: 25)))
        #expect(try load("span.7D").dtype == .timedelta64(TimeUnit(.days, multiple: 7)))
        #expect(try load("span").dtype == .timedelta64(TimeUnit(.generic)) && load("span").dtype.description == "timedelta64")
        #expect(try load("date.Y.big").viewed(as: .int64).scalars(as: Int.self) == [0, 1, -5, 1 << 62, .min])
        #expect(throws: KerasError.self) { try load("date.s").scalars(as: Int.self) }
    }

    #if arch(x86_64)
    /// The processor itself is the judge.
    @Test func extendedFloatsRoundAsTheProcessorDoes() throws {
        var patterns: [(UInt16, UInt64)] = []
        let exponents: [UInt16] = [
            0, 1, 15299, 15307, 15308, 15309, 15359, 15360, 15361, 15362, 16382, 16383, 17405, 17406, 17407, 32765, 32766, 32767,
        ]
        let fractions: [UInt64] = [
            0, 1, 1 << 63, .max, 1 << 63 | 0x400, 1 << 63 | 0xC00, 1 << 63 | 0x401, 1 << 62, 3 << 62,
        ]
        for exponent in exponents { patterns += fractions.map { (exponent, $0) } }
        for _ in 0..<20_000 { patterns.append((.random(in: 0...0x7FFF), .random(in: 0 ... .max) | 1 << 63)) }
        for _ in 0..<20_000 { patterns.append((.random(in: 15290...15370), .random(in: 0 ... .max) | 1 << 63)) }
        for (exponent, fraction) in patterns {
            for sign in [UInt16(0), 0x8000] {
                // Set as bytes: Float80's initializers set the bit before the point themselves.
                var number = Float80()
                withUnsafeMutableBytes(of: &number) { bytes in
                    bytes.storeBytes(of: fraction, as: UInt64.self)
                    bytes.storeBytes(of: sign | exponent, toByteOffset: 8, as: UInt16.self)
                }
                let expected = Double(number)
                let found = Extended(exponentAndSign: sign | exponent, fraction: fraction).double
                #expect(found.bitPattern == expected.bitPattern || found.isNaN && expected.isNaN, "\(exponent) \(fraction) \(sign)")
            }
        }
    }
    #endif

    @Test func nativeElementsStayInTheFile() throws {
        for name in ["structure.padded", "structure.fortran", "date.s", "V", "bools", "structure.names"] {
            let buffer = try Files.map(fixtures.appending(path: name + ".npy").path)
            #expect(try NPY.decode(buffer).buffer === buffer, "\(name)")
        }
    }

    /// Types made here, and the header numpy has for them.
    @Test(arguments: [
        ("'|b1'", DType.bool), ("'<f4'", .float32), ("'<U3'", .unicode(3)), ("'<m8[7D]'", .timedelta64(TimeUnit(.days, multiple: 7))),
        ("'<M8'", .datetime64(TimeUnit(.generic))), ("'|V0'", .void(0)),
    ]) func headersAreNumpys(descr: String, dtype: DType) throws {
        let bytes = try NPY.encode(Tensor(zeros: [], dtype: dtype))
        #expect(String(decoding: bytes[10..<128], as: UTF8.self).hasPrefix("{'descr': \(descr), 'fortran_order': False, 'shape': (), }  "))
        #expect(bytes.count == 128 + dtype.size)
    }
}
