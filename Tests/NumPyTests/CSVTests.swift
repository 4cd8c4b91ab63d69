import Foundation
import NumPy
import Storage
import Testing

@Suite struct CSVTests {
    private func read(_ text: String, delimiter: Character = ",", skipRows: Int = 0, dtype: DType = .float64) throws -> Tensor {
        try CSV.decode(.copy(of: Array(text.utf8)), delimiter: delimiter, skipRows: skipRows, dtype: dtype)
    }

    @Test func readsAsLoadtxt() throws {
        let table = try read("# a table\n1,2.5,-3e2\n\n  +4 ,\t.5,6. # the rest\r\n7,8,9\r10,11,12")
        #expect(table.shape == [4, 3] && table.dtype == .float64)
        #expect(try table.scalars(as: Double.self) == [1, 2.5, -300, 4, 0.5, 6, 7, 8, 9, 10, 11, 12])
        #expect(try read("1\n2\n").shape == [2, 1])
        #expect(try read("1;2\n", delimiter: ";").shape == [1, 2])
        #expect(try read("a,b\n1,2\n", skipRows: 1).shape == [1, 2])
        let odd = try read("nan,inf,-inf,-0.0\n").scalars(as: Double.self)
        #expect(odd[0].isNaN && odd[1] == .infinity && odd[2] == -.infinity && odd[3].sign == .minus)
    }

    @Test func integersAreExact() throws {
        #expect(try read("9007199254740993,-9223372036854775808\n", dtype: .int64).scalars(as: Int.self) == [9_007_199_254_740_993, .min])
        #expect(try read("18446744073709551615\n", dtype: .uint64).scalars(as: UInt64.self) == [.max])
        #expect(try read("0,1,2\n", dtype: .bool).scalars(as: Bool.self) == [false, true, true])
        for (text, dtype) in [("256", DType.uint8), ("-1", .uint8), ("1.5", .int64), ("9223372036854775808", .int64), ("128", .int8)] {
            #expect(throws: KerasError.self, "\(text)") { try read(text, dtype: dtype) }
        }
    }

    /// Any finite number, written and read again, is itself.
    @Test func numbersSurvive() throws {
        var generator = SystemRandomNumberGenerator()
        let doubles =
            (0..<3000).map { _ in Double(bitPattern: generator.next()) }.map { $0.isNaN ? 0.1 : $0 } + [
                0.1, 1e22, 123456.789, Double.leastNonzeroMagnitude,
            ]
        let table = try Tensor(doubles, shape: [doubles.count / 4, 4])
        let again = try CSV.decode(.copy(of: try CSV.encode(table)))
        #expect(try again.scalars(as: Double.self).map(\.bitPattern) == doubles.map(\.bitPattern))
        let floats = (0..<4000).map { _ in Float(bitPattern: generator.next()) }.map { $0.isNaN ? 0.1 : $0 }
        let column = try CSV.decode(.copy(of: try CSV.encode(Tensor(floats))), dtype: .float32)
        #expect(column.shape == [4000, 1])
        #expect(try column.scalars(as: Float.self).map(\.bitPattern) == floats.map(\.bitPattern))
        let short = (0..<5000).map { Double($0) / 1000 - 2.5 }
        #expect(try CSV.decode(.copy(of: CSV.encode(Tensor(short)))).scalars(as: Double.self) == short)
    }

    @Test func writesTables() throws {
        let table = try Tensor([1, 2, 3, 4, 5, 6] as [UInt8], shape: [2, 3])
        #expect(try String(decoding: CSV.encode(table), as: UTF8.self) == "1,2,3\n4,5,6\n")
        #expect(try String(decoding: CSV.encode(table.transposed([1, 0]), header: "a,b"), as: UTF8.self) == "a,b\n1,4\n2,5\n3,6\n")
        #expect(try String(decoding: CSV.encode(Tensor([0.5, 1e-7]), delimiter: " "), as: UTF8.self) == "0.5\n1e-07\n")
        #expect(throws: KerasError.self) { try CSV.encode(Tensor([1.0], shape: [1, 1, 1])) }
        #expect(throws: KerasError.self) { try CSV.encode(Tensor(zeros: [2], dtype: .complex64)) }
    }

    @Test(arguments: [
        (
            "a,b\n1,2\n",
            "line 1, column 1: a field of the table is no number; found 'a', expected a number of float64; a line of titles is left out if told so"
        ),
        ("1,2\n3,x\n", "line 2, column 2: a field of the table is no number; found 'x', expected a number of float64"),
        ("1,2\n3\n", "line 2: a row of the table has another length than those before; found 1 numbers, expected 2"),
        (
            "1,,2\n",
            "line 1, column 2: a field of the table is no number; found '', expected a number of float64; a line of titles is left out if told so"
        ),
        ("0x10\n", "found '0x10'"), ("1_0\n", "found '1_0'"), ("1.2.3\n", "found '1.2.3'"), ("nan(1)\n", "found 'nan(1)'"),
        ("-\n", "found '-'"),
        (".\n", "found '.'"), ("", "there are no numbers in the table"), ("# nothing\n\n", "there are no numbers in the table"),
    ]) func refuses(text: String, sentence: String) throws {
        let error = try #require(throws: KerasError.self) { try read(text) }
        #expect(error.problems[0].kind == .malformed && error.description.contains(sentence), "\(error)")
    }
}
